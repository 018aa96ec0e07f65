/** Deleting a file: a link goes itself, a folder does not go. */
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteFile } from '../../tools/delete-file.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const del = (path: string): Promise<string> => deleteFile.execute({ path }, world.context);

test('a file goes, and a link goes without what it leads to', async () => {
  symlinkSync('../outside', join(world.folder, 'tree/link'));
  expect(await del('src/a.js')).toBe('deleted src/a.js');
  expect(await del('link')).toBe('deleted link');
  expect(readdirSync(join(world.folder, 'tree'))).toEqual(['src']);
  expect(existsSync(join(world.folder, 'outside'))).toBe(true);
});

test('a folder, a file that is not there and one outside are refused', async () => {
  symlinkSync('..', join(world.folder, 'tree/up'));
  await expect(del('src')).rejects.toThrow('src: is a folder; delete its files');
  await expect(del('no.js')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(del('up/outside')).rejects.toMatchObject({ code: 'PATH_DENIED' });
  expect(existsSync(join(world.folder, 'outside'))).toBe(true);
});
