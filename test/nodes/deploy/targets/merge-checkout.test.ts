/** Target `merge` into a branch that a person has checked out: as `git merge --ff-only` leaves it, or untouched with what is in the way. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Repository } from '../../../../domain/workspace.ts';
import { merge } from '../../../../nodes/deploy/targets/merge.ts';
import { checkoutOf, gitIn } from '../checkout.ts';
import { makeTargetWorld, type TargetWorld } from '../target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const { beside, read, tip, released, apply, expectRefused, expectAsMerged } = checkoutOf(() => world);

describe('files that git is told not to look at', () => {
  test.each(['--skip-worktree', '--assume-unchanged'])('local content under %s is in the way', async (flag) => {
    world.git('update-index', flag, 'a');
    world.write('a', 'my own\n');
    await expectRefused(/not to look at .*: a \(git update-index --no-skip-worktree/);
    expect(read('a')).toBe('my own\n');
  });

  test('nor is it lost by a resume after the branch alone had moved', async () => {
    const change = released({ a: 'two\n', b: 'new\n' });
    world.git('update-index', '--skip-worktree', 'a');
    world.write('a', 'my own\n');
    world.git('update-ref', 'refs/heads/main', change.commit);
    await expect(apply(change)).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
    expect(read('a')).toBe('my own\n');
    expect(tip()).toBe(world.before);
  });

  test('where the release does not touch them, or they hold what the commit holds, they are as git merge leaves them', async () => {
    world.git('update-index', '--skip-worktree', 'a');
    await expectAsMerged(released({ a: 'two\n' }));
    world.git('update-index', '--skip-worktree', 'a');
    world.write('a', 'my own\n');
    expect(await apply(released({ b: 'new\n' }, tip()))).toBe('applied');
    expect(read('a')).toBe('my own\n');
  });
});

describe('modes', () => {
  test('a checkout without execute bits has nothing to commit', async () => {
    world.git('config', 'core.fileMode', 'false');
    chmodSync(join(world.repo, 'a'), 0o755);
    await expectAsMerged(released({ b: 'new\n' }));
  });

  test('where modes count, a changed one is told', async () => {
    chmodSync(join(world.repo, 'a'), 0o755);
    await expectRefused(/uncommitted changes in: a \(commit or stash them\)/);
  });
});

describe('a branch that git is in the middle of something with', () => {
  /** Two commits on `main` that cannot be rebased onto `work` without a person. */
  const halfRebased = (folder: string): void => {
    expect(() => gitIn(folder, '-c', 'user.name=t', '-c', 'user.email=t@localhost', 'rebase', 'work')).toThrow();
  };

  test('a rebase stops it, here and in a linked checkout', async () => {
    world.write('a', 'mine\n');
    world.commitAll('mine');
    const before = tip();
    halfRebased(world.repo);
    await expect(apply(released({ b: 'x\n' }, before))).rejects.toMatchObject({
      code: 'TARGET_DIRTY',
      message: expect.stringMatching(/branch main: is being rebased in .*git rebase --continue or --abort/),
    });
    world.git('rebase', '--abort');
    world.git('checkout', '-q', '--detach');
    world.git('worktree', 'add', '-q', beside('linked'), 'main');
    halfRebased(beside('linked'));
    await expect(apply(released({ b: 'x\n' }, before))).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
    expect(tip()).toBe(before);
    gitIn(beside('linked'), 'rebase', '--abort');
    expect(await apply(released({ b: 'x\n' }, before))).toBe('applied');
    expect(read('b', beside('linked'))).toBe('x\n');
  });

  test('a bisect stops it, and one that began on another branch does not', async () => {
    world.git('bisect', 'start');
    await expect(apply()).rejects.toMatchObject({ code: 'TARGET_DIRTY', message: expect.stringContaining('git bisect reset') });
    world.git('bisect', 'reset');
    world.git('checkout', '-q', 'work');
    world.git('bisect', 'start');
    expect(await apply()).toBe('applied');
  });

  test('a merge that is not concluded stops it, though no file differs', async () => {
    world.git('checkout', '-q', '-b', 'side');
    world.write('c', 'side\n');
    world.commitAll('side');
    world.git('checkout', '-q', 'main');
    world.git('merge', '-q', '--no-commit', '--no-ff', '-s', 'ours', 'side');
    await expectRefused(/a merge is not concluded in .*git merge --continue or --abort/);
  });

  test('a locked index stops it before the branch moves', async () => {
    writeFileSync(join(world.repo, '.git/index.lock'), '');
    await expect(apply()).rejects.toMatchObject({ code: 'TARGET_DIRTY', message: expect.stringContaining('index.lock exists') });
    expect(tip()).toBe(world.before);
    rmSync(join(world.repo, '.git/index.lock'));
    expect(await apply()).toBe('applied');
  });
});

describe('what is in the way', () => {
  test.each([
    ['an untracked file', 'b', 'mine\n', {}],
    ['an ignored file', 'b', 'mine\n', { '.git/info/exclude': 'b\n' }],
    ['a file in the place of a folder', 'd', 'mine\n', {}],
    ['a folder with a file in the place of a file', 'b/c', 'mine\n', {}],
  ])('%s is told and kept', async (_what, path, content, more) => {
    for (const [name, text] of [...Object.entries(more), [path, content] as const]) {
      mkdirSync(dirname(join(world.repo, name)), { recursive: true });
      world.write(name, text);
    }
    await expectRefused(/untracked files are in the way/, released({ b: 'new\n', 'd/e': 'new\n' }));
    expect(read(path)).toBe(content);
  });

  test('a link in the place of a folder leads nothing out of the checkout', async () => {
    mkdirSync(beside('outside'));
    symlinkSync(beside('outside'), join(world.repo, 'd'));
    await expectRefused(/untracked files are in the way: d\/e/, released({ 'd/e': 'new\n' }));
    expect(existsSync(beside('outside/e'))).toBe(false);
  });

  test('empty folders, ignored files elsewhere and a file that becomes a folder are as git merge leaves them', async () => {
    mkdirSync(join(world.repo, 'b'));
    world.write('.git/info/exclude', 'log\n');
    world.write('log', 'mine\n');
    await expectAsMerged(released({ a: null, 'a/inner': 'new\n', b: 'new\n' }));
    expect(read('log')).toBe('mine\n');
  });

  test('a folder that becomes a file goes where all of it is of the base, and stays where a person has more in it', async () => {
    expect(await apply(released({ 'd/e': 'x\n' }))).toBe('applied');
    const change = released({ 'd/e': null, d: 'file\n' }, tip());
    world.write('d/mine', 'mine\n');
    await expectRefused(/untracked files are in the way: d /, change);
    rmSync(join(world.repo, 'd/mine'));
    await expectAsMerged(change);
  });

  test('a submodule at another commit, and what is changed in it, is no uncommitted change', async () => {
    execFileSync('git', ['clone', '-q', world.repo, join(world.repo, 'part')]);
    world.git('add', 'part');
    const before = world.commitAll('with a submodule');
    gitIn(join(world.repo, 'part'), 'checkout', '-q', 'work');
    writeFileSync(join(world.repo, 'part/a'), 'changed\n');
    await expectAsMerged(released({ b: 'new\n' }, before));
  });
});

describe('what a person configured', () => {
  test('a filter never runs; a file that it would write is in the way, and another is not', async () => {
    const mark = beside('ran');
    world.git('config', 'filter.evil.smudge', `touch ${mark}; cat`);
    world.git('config', 'filter.evil.clean', `touch ${mark}; cat`);
    const attributes = { '.gitattributes': 'b filter=evil\n' };
    await expectRefused(/a filter of your git configuration writes: b \(none runs here/, released({ ...attributes, b: 'new\n' }));
    expect(await apply(released({ ...attributes, c: 'new\n' }))).toBe('applied');
    expect(existsSync(mark)).toBe(false);
    expect(read('c')).toBe('new\n');
  });

  test('what only a filter can compare is left to the person, whose own git says that nothing has changed', async () => {
    world.git('config', 'filter.case.clean', 'tr a-z A-Z');
    world.git('config', 'filter.case.smudge', 'tr A-Z a-z');
    world.write('.gitattributes', 'loud filter=case\n');
    world.write('loud', 'words\n');
    const before = world.commitAll('with a filter');
    expect(world.git('show', 'main:loud')).toBe('WORDS');
    utimesSync(join(world.repo, 'loud'), 1, 1);
    await expect(apply(released({ b: 'x\n' }, before))).rejects.toMatchObject({
      code: 'TARGET_DIRTY',
      message: expect.stringMatching(/only a filter of your git configuration can compare: loud \(run git status there/),
    });
    expect(world.git('status', '--porcelain')).toBe('');
    await expectAsMerged(released({ b: 'x\n' }, before));
  });

  test('the configuration of the machine and of the person counts as that of the repository', async () => {
    const file = beside('their-config');
    writeFileSync(file, `[core]\n\tautocrlf = true\n[filter "lfs"]\n\tsmudge = touch ${beside('ran')}; cat\n\trequired = true\n`);
    vi.stubEnv('GIT_CONFIG_GLOBAL', file);
    await expectRefused(/b \(none runs here/, released({ '.gitattributes': 'b filter=lfs\n', b: 'version x\n' }));
    expect(existsSync(beside('ran'))).toBe(false);
    await expectAsMerged(released({ a: 'two\n' }));
    expect(read('a')).toBe('two\r\n');
    vi.unstubAllEnvs();
  });

  test('a filter that nobody configured changes nothing', async () => {
    await expectAsMerged(released({ '.gitattributes': 'b filter=lfs\n', b: 'version x\n' }));
  });

  test('line ends are as git merge writes them, also where the move died half-way', async () => {
    world.git('config', 'core.autocrlf', 'true');
    const change = released({ a: 'two\n', b: 'new\n', c: 'third\n' });
    world.write('b', 'new\r\n');
    world.git('update-ref', 'refs/heads/main', change.commit);
    expect(await apply(change)).toBe('applied');
    expect([read('a'), read('c')]).toEqual(['two\r\n', 'third\r\n']);
    expect(world.git('status', '--porcelain')).toBe('');
    await expectAsMerged(released({ a: 'three\n' }, change.commit));
  });

  test('a sparse checkout stays sparse', async () => {
    const before = await (async () => {
      expect(await apply(released({ 'in/x': 'x\n', 'out/y': 'y\n' }))).toBe('applied');
      return tip();
    })();
    world.git('sparse-checkout', 'set', 'in');
    await expectAsMerged(released({ 'in/x': 'x2\n', 'in/new': 'n\n', 'out/y': 'y2\n', 'out/new': 'n\n' }, before));
    expect(existsSync(join(world.repo, 'out'))).toBe(false);
  });

  test('no hook runs', async () => {
    const mark = beside('ran');
    for (const hook of ['post-checkout', 'post-merge', 'reference-transaction', 'post-index-change', 'pre-commit'])
      writeFileSync(join(world.repo, '.git/hooks', hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    const change = released({ a: 'two\n', b: 'new\n' });
    rmSync(mark, { force: true });
    expect(await apply(change)).toBe('applied');
    expect(existsSync(mark)).toBe(false);
  });
});

describe('again', () => {
  test('what a person changed after the files had moved is theirs, and the release stands', async () => {
    const change = released({ a: 'two\n' });
    await apply(change);
    world.write('a', 'mine\n');
    expect(await apply(change)).toBe('applied');
    expect(read('a')).toBe('mine\n');
  });

  test('an undoing is refused for what is in its way, and the release stays', async () => {
    const change = released({ a: 'two\n' });
    await apply(change);
    world.git('update-index', '--skip-worktree', 'a');
    world.write('a', 'mine\n');
    const inverse = world.git('commit-tree', `${world.before}^{tree}`, '-p', change.commit, '-m', 'undo');
    await expect(merge.undo(world.merge, world.undoing(change.commit, inverse))).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
    expect(tip()).toBe(change.commit);
    expect(read('a')).toBe('mine\n');
  });

  test('a file that comes into the way while the branch moves is kept, and branch and files go back', async () => {
    const linked = beside('linked');
    world.git('worktree', 'add', '-q', '-f', linked, 'main');
    let moves = 0;
    const repository: Repository = {
      ...world.repository,
      updateRef: async (...asked) => {
        const moved = await world.repository.updateRef(...asked);
        moves += 1;
        if (moves === 1) writeFileSync(join(linked, 'b'), 'mine\n');
        return moved;
      },
    };
    const change = released({ a: 'two\n', b: 'new\n' });
    await expect(merge.apply({ ...world.merge, repository }, change)).rejects.toMatchObject({
      code: 'TARGET_DIRTY',
      message: expect.stringContaining('untracked files are in the way: b'),
    });
    expect(tip()).toBe(world.before);
    expect([read('b', linked), read('a', linked), read('a')]).toEqual(['mine\n', 'one\n', 'one\n']);
    expect(world.git('status', '--porcelain')).toBe('');
  });

  test('a rename of case alone and a name of several lines are as git merge leaves them', async () => {
    await expectAsMerged(released({ a: null, A: 'one\n', 'line\nend': 'x\n' }));
  });

  test('both names of a rename of case may be one file, as on a system that does not tell them apart', async () => {
    world.git('config', 'core.ignoreCase', 'true');
    linkSync(join(world.repo, 'a'), join(world.repo, 'A'));
    expect(await apply(released({ a: null, A: 'one\n' }))).toBe('applied');
    expect(read('A')).toBe('one\n');
  });

  test('a file that differs in case alone and is another one is in the way', async () => {
    world.write('A', 'mine\n');
    await expectRefused(/untracked files are in the way: A/, released({ a: null, A: 'one\n' }));
    expect(read('A')).toBe('mine\n');
  });
});
