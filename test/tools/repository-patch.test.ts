/** Patches between trees: all of it or one path, with the parts of binary files or only their names. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeRepo, type TestRepo } from './repo.ts';

let repo: TestRepo;
beforeEach(() => {
  repo = makeRepo();
});
afterEach(() => repo.remove());

test('a path and its folder narrow a patch; a name that looks like an option or a pattern is a name', async () => {
  for (const path of ['src/a.js', 'src/b.js', '*.js']) repo.put(path, 'one\n');
  const base = repo.commit('base');
  for (const path of ['src/a.js', 'src/b.js', '*.js']) repo.put(path, 'two\n');
  const next = repo.commit('next');
  const repository = await repo.open();
  const [from, to] = [await repository.treeOf(base), await repository.treeOf(next)];
  const named = async (path?: string): Promise<(string | undefined)[]> =>
    [...(await repository.patch(from, to, { path })).toString().matchAll(/^\+\+\+ b\/(.+)$/gm)].map((match) => match[1]);
  expect(await named()).toEqual(['*.js', 'src/a.js', 'src/b.js']);
  expect(await named('src')).toEqual(['src/a.js', 'src/b.js']);
  expect(await named('src/a.js')).toEqual(['src/a.js']);
  expect(await named('*.js')).toEqual(['*.js']);
  expect(await named('--output=x')).toEqual([]);
});

test('the parts of binary files are in it by default, and only their names where they are not wanted', async () => {
  repo.put('a.bin', Buffer.from([0, 1]));
  const base = repo.commit('base');
  repo.put('a.bin', Buffer.from([0, 2]));
  const next = repo.commit('next');
  const repository = await repo.open();
  const [from, to] = [await repository.treeOf(base), await repository.treeOf(next)];
  expect((await repository.patch(from, to)).toString()).toContain('GIT binary patch');
  expect((await repository.patch(from, to, { binary: false })).toString()).toContain('Binary files a/a.bin and b/a.bin differ');
});
