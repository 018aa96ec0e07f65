/** Target `merge` wherever a branch is checked out: under another name, in several folders, beside bare and separate git data. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { merge } from '../../../../nodes/deploy/targets/merge.ts';
import { openRepository } from '../../../../tools/repository.ts';
import { checkoutOf, gitIn } from '../checkout.ts';
import { makeTargetWorld, type TargetWorld } from '../target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const { beside, read, tip, released, apply, expectRefused } = checkoutOf(() => world);

describe('where the branch is', () => {
  test('a branch that is another name of the checked-out one takes its files along', async () => {
    world.git('branch', '-m', 'main', 'master');
    world.git('symbolic-ref', 'refs/heads/main', 'refs/heads/master');
    expect(await apply()).toBe('applied');
    expect(world.git('status', '--porcelain')).toBe('');
    expect(read('b')).toBe('new\n');
    expect(world.git('rev-parse', 'master')).toBe(tip());
  });

  test('two checkouts of the branch both move, or none does', async () => {
    const linked = beside('linked');
    world.git('worktree', 'add', '-q', '-f', linked, 'main');
    writeFileSync(join(linked, 'a'), 'mine\n');
    await expectRefused(/linked: uncommitted changes in: a/);
    writeFileSync(join(linked, 'a'), 'one\n');
    expect(await apply()).toBe('applied');
    for (const folder of [world.repo, linked]) {
      expect(gitIn(folder, 'status', '--porcelain')).toBe('');
      expect(read('a', folder)).toBe('two\n');
    }
  });

  test('a bare repository with linked checkouts beside it', async () => {
    const bare = beside('layout/.bare');
    const linked = beside('layout/main');
    execFileSync('git', ['clone', '-q', '--bare', world.repo, bare]);
    writeFileSync(beside('layout/.git'), 'gitdir: ./.bare\n');
    gitIn(bare, '--git-dir=.', 'worktree', 'add', '-q', linked, 'main');
    const change = released({ a: 'two\n' });
    gitIn(world.repo, 'push', '-q', bare, `${change.commit}:refs/heads/hold`);
    for (const path of [beside('layout'), bare, linked]) {
      const repository = await openRepository(path, beside('home'));
      expect(await repository.resolveCommit('main')).toBe(world.before);
      expect(await repository.checkoutsOf('main')).toEqual([realpathSync(linked)]);
    }
    const repository = await openRepository(beside('layout'), beside('home'));
    expect(await merge.apply({ ...world.merge, repository }, change)).toBe('applied');
    expect(read('a', linked)).toBe('two\n');
    expect(gitIn(linked, 'status', '--porcelain')).toBe('');
  });

  test('a repository with its git data elsewhere, and one that is a submodule', async () => {
    const change = released({ a: 'two\n' });
    const apart = beside('apart');
    execFileSync('git', ['clone', '-q', `--separate-git-dir=${beside('apart-data')}`, world.repo, apart]);
    const above = beside('above');
    execFileSync('git', ['init', '-q', above]);
    gitIn(above, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', world.repo, 'part');
    gitIn(join(above, 'part'), 'checkout', '-q', 'main');
    for (const folder of [apart, join(above, 'part')]) {
      gitIn(world.repo, 'push', '-q', folder, `${change.commit}:refs/heads/hold`);
      const repository = await openRepository(folder, beside('home'));
      expect(repository.path).toBe(realpathSync(folder));
      expect(await merge.apply({ ...world.merge, repository }, change)).toBe('applied');
      expect(read('a', folder)).toBe('two\n');
      expect(gitIn(folder, 'status', '--porcelain')).toBe('');
    }
  });

  test('a checkout that core.worktree leads to moves, once a .git leads back from it', async () => {
    const change = released({ a: 'two\n' });
    const files = beside('files');
    mkdirSync(files);
    world.git('config', 'core.worktree', files);
    world.git('reset', '-q', '--hard');
    world.git('worktree', 'add', '-q', beside('linked'), 'work');
    await expect(openRepository(world.repo, beside('home'))).rejects.toThrow(
      /core\.worktree puts its files into .*files, where no \.git leads back/,
    );
    const linked = await openRepository(beside('linked'), beside('home'));
    expect(await merge.apply({ ...world.merge, repository: linked }, change)).toBe('applied');
    expect(read('a', files)).toBe('two\n');
    expect(world.git('status', '--porcelain')).toBe('');
    const inverse = world.git('commit-tree', `${world.before}^{tree}`, '-p', change.commit, '-m', 'undo');
    writeFileSync(join(files, '.git'), `gitdir: ${join(world.repo, '.git')}\n`);
    const named = await openRepository(files, beside('home'));
    expect(named.path).toBe(realpathSync(files));
    expect(await merge.apply({ ...world.merge, repository: named }, { before: change.commit, commit: inverse })).toBe('applied');
    expect(read('a', files)).toBe('one\n');
  });

  test('a main checkout that git itself cannot find is told of, and is no matter for another branch', async () => {
    const change = released({ a: 'two\n' });
    const apart = beside('apart');
    execFileSync('git', ['clone', '-q', `--separate-git-dir=${beside('apart-data')}`, world.repo, apart]);
    gitIn(apart, 'worktree', 'add', '-q', beside('linked'), '-b', 'other');
    gitIn(world.repo, 'push', '-q', apart, `${change.commit}:refs/heads/hold`);
    const repository = await openRepository(beside('linked'), beside('home'));
    await expect(merge.apply({ ...world.merge, repository }, change)).rejects.toMatchObject({
      code: 'TARGET_DIRTY',
      message: expect.stringContaining('git does not know where that is'),
    });
    const other = { ...world.merge, repository, release: { ...world.merge.release, branch: 'other' } };
    expect(await merge.apply(other, change)).toBe('applied');
  });
});
