/** Target `merge` into a branch that a person has checked out: as `git merge --ff-only` leaves it, or untouched with what is in the way. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Repository } from '../../../../domain/workspace.ts';
import { merge } from '../../../../nodes/deploy/targets/merge.ts';
import { openRepository } from '../../../../tools/repository.ts';
import { makeTargetWorld, type TargetWorld } from '../target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const beside = (name: string): string => join(dirname(world.repo), name);
const read = (name: string, folder = world.repo): string => readFileSync(join(folder, name), 'utf8');
const gitIn = (folder: string, ...args: string[]): string => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
const tip = (): string => world.git('rev-parse', 'main');

/** A commit on `before` with these files beside those of the base; null removes one. */
function released(files: Readonly<Record<string, string | null>>, before = world.before): { before: string; commit: string } {
  const index = { ...process.env, GIT_INDEX_FILE: beside('made-index') };
  const run = (args: string[], input = ''): string =>
    execFileSync('git', ['-C', world.repo, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
      env: index,
      input,
      encoding: 'utf8',
    }).trim();
  run(['read-tree', before]);
  for (const [path, content] of Object.entries(files))
    if (content === null) run(['update-index', '--force-remove', path]);
    else run(['update-index', '--add', '--cacheinfo', `100644,${run(['hash-object', '-w', '--stdin'], content)},${path}`]);
  return { before, commit: run(['commit-tree', run(['write-tree']), '-p', before, '-m', 'release']) };
}

const apply = (change = released({ a: 'two\n', b: 'new\n' })) => merge.apply(world.merge, change);

/** Refused with these words, and neither the branch nor a file has moved. */
async function expectRefused(words: RegExp, change = released({ a: 'two\n', b: 'new\n' })): Promise<void> {
  const before = tip();
  const status = world.git('status', '--porcelain');
  const failure = await apply(change).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'TARGET_DIRTY', message: expect.stringMatching(words) });
  expect(tip()).toBe(before);
  expect(world.git('status', '--porcelain')).toBe(status);
}

/** What git shows of a checkout: the index with its flags, the state, and each file's bytes. */
function picture(folder: string): unknown {
  const files = gitIn(folder, 'ls-files', '-v').split('\n');
  const bytes = files.map((row) => {
    const file = join(folder, row.slice(2));
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, 'latin1') : null;
  });
  return { index: gitIn(folder, 'ls-files', '-s'), files, bytes, status: gitIn(folder, 'status', '--porcelain') };
}

/** The same as `git merge --ff-only` in a copy of the repository. */
async function expectAsMerged(change: { before: string; commit: string }): Promise<void> {
  const copy = beside('copy');
  execFileSync('cp', ['-a', world.repo, copy]);
  // A copy has other times and inodes, which git would take for changes where it may not look.
  gitIn(copy, '-c', 'core.checkStat=minimal', '-c', 'core.trustctime=false', 'merge', '-q', '--ff-only', change.commit);
  expect(await apply(change)).toBe('applied');
  expect(picture(world.repo)).toEqual(picture(copy));
}

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
    await expectRefused(/a filter of your git configuration writes: b \(filter evil\)/, released({ ...attributes, b: 'new\n' }));
    expect(await apply(released({ ...attributes, c: 'new\n' }))).toBe('applied');
    expect(existsSync(mark)).toBe(false);
    expect(read('c')).toBe('new\n');
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
