/** The file tools: no path leaves the tree or passes a link, an edit matches once, a listing and a reading are bounded. */
import { linkSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalPath } from '../../domain/access.ts';
import { FILE_TOOLS } from '../../tools/files.ts';
import type { ToolContext } from '../../tools/tool.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let folder: string;
let context: ToolContext;
let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
  ({ folder, context } = world);
});
afterEach(() => world.dispose());

const call = async (name: string, input: unknown): Promise<string> => {
  const tool = FILE_TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(name);
  return tool.execute(input, context);
};

test('a path that leaves the tree, names git data or hides characters is denied with its rule', () => {
  for (const path of [
    '../outside',
    '/etc/passwd',
    'src/../../x',
    '.git/config',
    'src/.GIT/x',
    'a\\b',
    'a\u0000b',
    'a\u202eb',
    'dir./x',
    'trailing ',
  ])
    expect(() => canonicalPath(path)).toThrow(expect.objectContaining({ code: 'PATH_DENIED' }));
  expect(canonicalPath('./src//a.js')).toBe('src/a.js');
});

test('a link is never read, written or passed through', async () => {
  symlinkSync('../outside', join(folder, 'tree/link'));
  symlinkSync('..', join(folder, 'tree/up'));
  for (const [name, input] of [
    ['read_file', { path: 'link' }],
    ['read_file', { path: 'up/outside' }],
    ['write_file', { path: 'link', content: 'x' }],
    ['write_file', { path: 'up/new', content: 'x' }],
    ['edit_file', { path: 'link', old_text: 'secret', new_text: 'x' }],
  ] as const)
    await expect(call(name, input)).rejects.toMatchObject({ code: 'PATH_DENIED' });
  expect(readFileSync(join(folder, 'outside'), 'utf8')).toBe('secret of the host');
});

test('a hard link to a file outside is refused', async () => {
  linkSync(join(folder, 'outside'), join(folder, 'tree/hard'));
  await expect(call('write_file', { path: 'hard', content: 'x' })).rejects.toMatchObject({ code: 'PATH_DENIED' });
  await expect(call('read_file', { path: 'hard' })).rejects.toMatchObject({ code: 'PATH_DENIED' });
});

test('an edit must match exactly once and says how often it did', async () => {
  await expect(call('edit_file', { path: 'src/a.js', old_text: 'two', new_text: 'x' })).rejects.toThrow('occurs 2 times');
  await expect(call('edit_file', { path: 'src/a.js', old_text: 'three', new_text: 'x' })).rejects.toThrow('occurs 0 times');
  await call('edit_file', { path: 'src/a.js', old_text: 'one', new_text: '$& kept' });
  expect(readFileSync(join(folder, 'tree/src/a.js'), 'utf8')).toBe('$& kept\ntwo\ntwo\n');
});

test('reading numbers the lines and says how to go on', async () => {
  expect(await call('read_file', { path: 'src/a.js', start_line: 2, end_line: 2 })).toBe(
    '2\ttwo\n(lines 2 to 2 of 3; go on with start_line 3)',
  );
  expect(await call('list_files', { glob: '**/*.js' })).toBe('src/a.js');
});
