/** The file tools in submodules: they read what commands see, and write nothing there. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyPatch } from '../../tools/apply-patch.ts';
import { deleteFile } from '../../tools/delete-file.ts';
import { editFile } from '../../tools/edit-file.ts';
import { listFiles } from '../../tools/list-files.ts';
import { readFile } from '../../tools/read-file.ts';
import { searchFiles } from '../../tools/search.ts';
import { standingLinks } from '../../tools/standing-links.ts';
import type { ToolContext } from '../../tools/tool.ts';
import { writeFile } from '../../tools/write-file.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
let context: ToolContext;

/** `lib` with `lib/deep` in it, and `library`, which is a folder of the repository itself. */
beforeEach(() => {
  world = makeToolWorld();
  const put = (path: string, text: string): void => {
    mkdirSync(join(world.folder, path, '..'), { recursive: true });
    writeFileSync(join(world.folder, path), text);
  };
  put('cache/lib/inner.txt', 'needle in lib\n');
  put('cache/lib/src/b.js', 'b\n');
  mkdirSync(join(world.folder, 'cache/lib/deep'));
  put('cache/deep/far.txt', 'needle far down\n');
  put('tree/library/own.txt', 'needle of our own\n');
  put('tree/.gitmodules', '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n');
  mkdirSync(join(world.folder, 'tree/lib'));
  const root = join(world.folder, 'cache');
  const links = ['lib', 'lib/deep'].map((at) => ({ at, root, from: join(root, at.split('/').at(-1) ?? ''), submodule: true as const }));
  context = { ...world.context, links };
});
afterEach(() => world.dispose());

test('list, read and search see the files of submodules, those of submodules in them, and the folders beside them', async () => {
  const all = ['.gitmodules', 'lib/deep/far.txt', 'lib/inner.txt', 'lib/src/b.js', 'library/own.txt', 'src/a.js'];
  expect(await listFiles.execute({}, context)).toBe(all.join('\n'));
  expect(await listFiles.execute({ path: 'lib/src' }, context)).toBe('lib/src/b.js');
  expect(await listFiles.execute({ path: 'lib/deep', glob: '*.txt' }, context)).toBe('lib/deep/far.txt');
  expect(await readFile.execute({ path: 'lib/inner.txt' }, context)).toContain('needle in lib');
  expect(await readFile.execute({ path: 'lib/deep/far.txt' }, context)).toContain('needle far down');
  expect(await searchFiles.execute({ pattern: 'needle' }, context)).toBe(
    'lib/deep/far.txt:1:needle far down\nlib/inner.txt:1:needle in lib\nlibrary/own.txt:1:needle of our own\n',
  );
  rmdirSync(join(world.folder, 'tree/lib'));
  expect(await listFiles.execute({}, context)).toBe(all.join('\n'));
  await expect(readFile.execute({ path: 'lib/none' }, context)).rejects.toThrow('lib/none: there is no such file');
  await expect(readFile.execute({ path: 'lib' }, context)).rejects.toThrow('lib: is a folder');
});

test.each<[string, () => Promise<unknown>]>([
  ['write_file over a file', () => writeFile.execute({ path: 'lib/inner.txt', content: 'x' }, context)],
  ['write_file of a new file', () => writeFile.execute({ path: 'lib/new.txt', content: 'x' }, context)],
  ['edit_file', () => editFile.execute({ path: 'lib/inner.txt', edits: [{ old_text: 'needle', new_text: 'pin' }] }, context)],
  ['delete_file', () => deleteFile.execute({ path: 'lib/deep/far.txt' }, context)],
  [
    'apply_patch, which writes nothing else either',
    () =>
      applyPatch.execute(
        {
          patch:
            '*** Begin Patch\n*** Update File: src/a.js\n-one\n+ONE\n*** Update File: lib/inner.txt\n-needle in lib\n+x\n*** End Patch\n',
        },
        context,
      ),
  ],
])('%s is refused with the submodule and the reason', async (_title, work) => {
  await expect(work()).rejects.toThrow(/lies in the submodule lib(\/deep)?, which is read-only here/);
  expect(readFileSync(join(world.folder, 'cache/lib/inner.txt'), 'utf8')).toBe('needle in lib\n');
  expect(readFileSync(join(world.folder, 'tree/src/a.js'), 'utf8')).toBe('one\ntwo\ntwo\n');
  expect(existsSync(join(world.folder, 'tree/lib/new.txt'))).toBe(false);
});

test('a folder whose name only begins alike is written; a submodule itself is removed by its section alone, as the answer says', async () => {
  await writeFile.execute({ path: 'library/new.txt', content: 'x\n' }, context);
  expect(readFileSync(join(world.folder, 'tree/library/new.txt'), 'utf8')).toBe('x\n');
  await expect(deleteFile.execute({ path: 'lib' }, context)).rejects.toThrow(
    'lib: is a submodule; to remove it take its section out of .gitmodules',
  );
});

test('a submodule is mounted as long as .gitmodules lists it, with those in it; any other mount stays', async () => {
  const other = { at: 'node_modules', root: world.folder, from: join(world.folder, 'cache') };
  const links = [...context.links, other];
  const file = join(world.folder, 'tree/.gitmodules');
  expect(await standingLinks(context.folder, links)).toEqual(links);
  writeFileSync(file, '[submodule "renamed"]\n\tpath = lib\n\turl = elsewhere\n');
  expect(await standingLinks(context.folder, links)).toEqual(links);
  writeFileSync(file, '[submodule "broken\n');
  expect(await standingLinks(context.folder, links)).toEqual(links);
  writeFileSync(file, '[submodule "another"]\n\tpath = library\n');
  expect(await standingLinks(context.folder, links)).toEqual([other]);
  const seen = await context.sandbox.run({
    argv: ['sh', '-c', 'cat lib/inner.txt'],
    workspace: context.folder,
    links: context.links,
    scratch: [],
    network: false,
    timeoutMs: 10_000,
  });
  expect(seen.exitCode).toBe(1);
});
