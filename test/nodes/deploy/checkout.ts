/** A person's checkout of `main` in a target world: releases into it, and how `git merge --ff-only` would leave it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { merge } from '../../../nodes/deploy/targets/merge.ts';
import type { TargetWorld } from './target-world.ts';

export const gitIn = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();

/** `world`: that of the test at hand. */
export function checkoutOf(world: () => TargetWorld) {
  const beside = (name: string): string => join(dirname(world().repo), name);
  const read = (name: string, folder = world().repo): string => readFileSync(join(folder, name), 'utf8');
  const tip = (): string => world().git('rev-parse', 'main');

  /** A commit on `before` with these files beside those of the base; null removes one. */
  function released(files: Readonly<Record<string, string | null>>, before = world().before): { before: string; commit: string } {
    const index = { ...process.env, GIT_INDEX_FILE: beside('made-index') };
    const run = (args: string[], input = ''): string =>
      execFileSync('git', ['-C', world().repo, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
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

  const apply = (change = released({ a: 'two\n', b: 'new\n' })) => merge.apply(world().merge, change);

  /** Refused with these words, and neither the branch nor a file has moved. */
  async function expectRefused(words: RegExp, change = released({ a: 'two\n', b: 'new\n' })): Promise<void> {
    const before = tip();
    const status = world().git('status', '--porcelain');
    const failure = await apply(change).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'TARGET_DIRTY', message: expect.stringMatching(words) });
    expect(tip()).toBe(before);
    expect(world().git('status', '--porcelain')).toBe(status);
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
    execFileSync('cp', ['-a', world().repo, copy]);
    // A copy has other times and inodes, which git would take for changes where it may not look.
    gitIn(copy, '-c', 'core.checkStat=minimal', '-c', 'core.trustctime=false', 'merge', '-q', '--ff-only', change.commit);
    expect(await apply(change)).toBe('applied');
    expect(picture(world().repo)).toEqual(picture(copy));
  }
  return { beside, read, tip, released, apply, expectRefused, expectAsMerged };
}
