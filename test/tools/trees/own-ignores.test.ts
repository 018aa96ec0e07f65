/** What the user ignores for themselves is no part of a change, and it is said. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkTree } from '../../../domain/workspace.ts';
import { makeRepo, type TestRepo } from '../repo.ts';
import { listed } from './repo.ts';

let repo: TestRepo;
const environment = { ...process.env };
beforeEach(() => {
  repo = makeRepo();
  mkdirSync(join(repo.root, 'home/.config/git'), { recursive: true });
  process.env['HOME'] = join(repo.root, 'home');
  delete process.env['XDG_CONFIG_HOME'];
});
afterEach(() => {
  Object.assign(process.env, environment);
  repo.remove();
});

async function checkedOut(): Promise<WorkTree> {
  repo.put('a', 'x');
  repo.put('tracked.swp', 'x');
  repo.git('add', '-f', '.');
  const base = repo.commit('base');
  const repository = await repo.open();
  return repository.checkout(await repository.treeOf(base), join(repo.root, 'work'), base);
}
const names = async (work: WorkTree): Promise<string[]> => listed(repo, await work.snapshot()).map((row) => row.split(' ')[2] ?? '');
const WHY = "ignored by the user's own git rules";

test('info/exclude and the default global file leave out new files, once told; tracked ones are changed all the same', async () => {
  writeFileSync(join(repo.folder, '.git/info/exclude'), '.idea/\n');
  writeFileSync(join(repo.root, 'home/.config/git/ignore'), '*.swp\n');
  const work = await checkedOut();
  await repo.sh(work.folder, 'mkdir .idea; echo x > .idea/x; echo x > n.swp; echo y > tracked.swp; echo x > new');
  const tree = await work.snapshot();
  expect(listed(repo, tree).map((row) => row.split(' ')[2])).toEqual(['a', 'new', 'tracked.swp']);
  expect(repo.git('cat-file', 'blob', `${tree}:tracked.swp`)).toBe('y');
  expect(work.newlyLeftOut()).toEqual([
    { path: '.idea/', why: WHY },
    { path: 'n.swp', why: WHY },
  ]);
  await repo.sh(work.folder, 'echo x > other');
  await work.snapshot();
  expect(work.newlyLeftOut()).toEqual([]);
  await work.restore(tree);
  expect((await repo.sh(work.folder, 'ls -A')).stdout).toContain('n.swp');
});

test('core.excludesFile of the user counts, also by ~; a rule of the tree that wants the file wins, as in git', async () => {
  writeFileSync(join(repo.root, 'home/.gitconfig'), '[core]\n\texcludesFile = ~/mine\n');
  writeFileSync(join(repo.root, 'home/mine'), '*.log\n');
  const work = await checkedOut();
  await repo.sh(work.folder, 'echo x > a.log; echo x > b.log; echo "!b.log" > .gitignore');
  expect(await names(work)).toEqual(['.gitignore', 'a', 'b.log', 'tracked.swp']);
});

test('without rules of their own everything new is taken, and nothing is told', async () => {
  writeFileSync(join(repo.folder, '.git/info/exclude'), '# git ls-files --others\n');
  const work = await checkedOut();
  await repo.sh(work.folder, 'mkdir .idea; echo x > .idea/x; echo x > n.swp');
  expect(await names(work)).toEqual(['.idea/x', 'a', 'n.swp', 'tracked.swp']);
  expect(work.newlyLeftOut()).toEqual([]);
});

test('git data of another repository and files in the folder of a submodule are told', async () => {
  repo.put('a', 'x');
  repo.git('add', '-A');
  repo.git('update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},sub`);
  const base = repo.git('commit-tree', repo.git('write-tree'), '-m', 'base');
  const repository = await repo.open();
  const work = await repository.checkout(await repository.treeOf(base), join(repo.root, 'work'), base);
  await repo.sh(work.folder, 'mkdir n; cd n; git init -q .; echo x > f; cd ..; echo x > sub/f; git init -q --bare store.git');
  const rows = listed(repo, await work.snapshot()).map((row) => row.replace(/ \w+ /, ' '));
  expect(rows).toEqual(expect.arrayContaining(['100644 a', '100644 n/f', '160000 sub', '100644 store.git/HEAD']));
  expect(work.newlyLeftOut()).toEqual([
    { path: 'n/.git', why: 'git data of another repository' },
    { path: 'sub', why: 'in the folder of a submodule' },
  ]);
});
