/** The listing: what matches, in order, bounded, and nothing outside of the tree. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TOOLS } from '../../tools/toolbox.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const list = async (input: object): Promise<string> =>
  (await TOOLS.find((tool) => tool.name === 'list_files')?.execute(input, world.context)) ?? expect.unreachable();

test('files are listed by glob and by folder; links are told and not followed', async () => {
  writeFileSync(join(world.folder, 'tree/b.md'), '');
  symlinkSync('..', join(world.folder, 'tree/up'));
  expect(await list({})).toBe('b.md\nsrc/a.js\nup (link)');
  expect(await list({ glob: '**/*.js' })).toBe('src/a.js');
  expect(await list({ path: 'src' })).toBe('src/a.js');
  expect(await list({ glob: '*.css' })).toBe('(no files); glob "*.css" names files of the top folder: for any depth write "**/*.css"');
  expect(await list({ glob: 'src/*.css' })).toBe('(no files)');
  expect(await list({ glob: 'src/' })).toBe('src/a.js');
});

test('a folder that is not there, or outside, is refused', async () => {
  symlinkSync('..', join(world.folder, 'tree/up'));
  await expect(list({ path: 'no' })).rejects.toThrow('no: there is no such folder');
  for (const path of ['..', '/etc', 'up/tree']) await expect(list({ path })).rejects.toMatchObject({ code: 'PATH_DENIED' });
});

test('a listing is cut at 1000 names', async () => {
  mkdirSync(join(world.folder, 'tree/many'));
  for (let index = 0; index < 1001; index += 1) writeFileSync(join(world.folder, 'tree/many', String(index)), '');
  const lines = (await list({ path: 'many' })).split('\n');
  expect(lines).toHaveLength(1001);
  expect(lines.at(-1)).toBe('(cut at 1000 names; use path or glob)');
});
