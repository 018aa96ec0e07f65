/** The release targets on real repositories: compare-and-swap, half-done releases, moved and dirty targets. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReleaseOf } from '../../../domain/release.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { releaseCommit, releaseMessage, rollbackCommit } from '../../../nodes/deploy/commits.ts';
import { merge } from '../../../nodes/deploy/targets/merge.ts';
import { push } from '../../../nodes/deploy/targets/push.ts';
import type { DeployRequest } from '../../../nodes/deploy/targets/target.ts';
import { openRepository } from '../../../tools/repository.ts';

const STAMP = { author: 'Governor <governor@localhost>', atSeconds: 1_700_000_000 };
let folder = '';
let repo = '';
let repository: Repository;
let before = '';
let mergeRequest: DeployRequest<ReleaseOf<'merge'>>;
let pushRequest: DeployRequest<ReleaseOf<'push'>>;
let release = '';

const gitIn = (place: string, ...args: string[]): string =>
  execFileSync('git', ['-C', place, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { encoding: 'utf8' }).trim();
const git = (...args: string[]): string => gitIn(repo, ...args);
const write = (name: string, content: string): void => writeFileSync(join(repo, name), content);
const commitAll = (message: string): string => {
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', 'HEAD');
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'governor-target-'));
  repo = join(folder, 'repo');
  mkdirSync(repo);
  git('init', '-q', '-b', 'main');
  write('a', 'one\n');
  before = commitAll('base');
  git('checkout', '-q', '-b', 'work');
  write('a', 'two\n');
  write('b', 'new\n');
  const candidate = commitAll('candidate');
  git('checkout', '-q', 'main');
  execFileSync('git', ['clone', '-q', '--bare', repo, join(folder, 'remote.git')]);
  git('remote', 'add', 'origin', join(folder, 'remote.git'));
  repository = await openRepository(repo, join(folder, 'home'));
  const common = { branch: 'main', approval: 'always', approvalValid: 1, rollback: 'auto', author: STAMP.author } as const;
  mergeRequest = { repository, release: { ...common, target: 'merge' } };
  pushRequest = { repository, release: { ...common, target: 'push', remote: 'origin' } };
  release = await releaseCommit({
    repository,
    candidate: { commit: candidate, tree: git('rev-parse', `${candidate}^{tree}`) },
    before,
    message: 'release',
    stamp: STAMP,
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another's commit on the branch, made without the checkout. */
const othersCommit = (): string => git('commit-tree', `${before}^{tree}`, '-p', before, '-m', 'other');

describe('merge', () => {
  test('moves the branch and the files of its clean checkout, once', async () => {
    expect(await merge.isApplied(mergeRequest, release)).toBe(false);
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('applied');
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('applied');
    expect(await merge.baseOf(mergeRequest)).toBe(release);
    expect(readFileSync(join(repo, 'a'), 'utf8')).toBe('two\n');
    expect(git('status', '--porcelain')).toBe('');
  });

  test('a dirty checkout stops it and nothing has moved', async () => {
    write('a', 'mine\n');
    await expect(merge.apply(mergeRequest, { before, commit: release })).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
    expect(git('rev-parse', 'main')).toBe(before);
    expect(readFileSync(join(repo, 'a'), 'utf8')).toBe('mine\n');
  });

  test('an untracked file in the way stops it and the branch is where it was', async () => {
    write('b', 'mine\n');
    await expect(merge.apply(mergeRequest, { before, commit: release })).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
    expect(git('rev-parse', 'main')).toBe(before);
    expect(readFileSync(join(repo, 'b'), 'utf8')).toBe('mine\n');
  });

  test('a branch that is not checked out moves and no file does', async () => {
    git('checkout', '-q', '--detach');
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('applied');
    expect(existsSync(join(repo, 'b'))).toBe(false);
    expect(git('rev-parse', 'main')).toBe(release);
  });

  test('a moved branch is told and left alone', async () => {
    const other = othersCommit();
    git('update-ref', 'refs/heads/main', other);
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('moved');
    expect(git('rev-parse', 'main')).toBe(other);
  });

  test('a branch that moved before its checkout did counts as applied, and is finished', async () => {
    git('update-ref', 'refs/heads/main', release);
    expect(await merge.isApplied(mergeRequest, release)).toBe(true);
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('applied');
    expect(readFileSync(join(repo, 'a'), 'utf8')).toBe('two\n');
    expect(git('status', '--porcelain')).toBe('');
  });

  test('a release under later commits is still applied', async () => {
    await merge.apply(mergeRequest, { before, commit: release });
    write('c', 'later\n');
    commitAll('later');
    expect(await merge.isApplied(mergeRequest, release)).toBe(true);
    expect(await merge.apply(mergeRequest, { before, commit: release })).toBe('applied');
  });
});

describe('push', () => {
  const remote = (...args: string[]): string => gitIn(join(folder, 'remote.git'), ...args);

  test('moves the remote from the expected commit only, and again changes nothing', async () => {
    expect(await push.isApplied(pushRequest, release)).toBe(false);
    expect(await push.apply(pushRequest, { before, commit: release })).toBe('applied');
    expect(await push.apply(pushRequest, { before, commit: release })).toBe('applied');
    expect(remote('rev-parse', 'main')).toBe(release);
    expect(await push.isApplied(pushRequest, release)).toBe(true);
    expect(git('rev-parse', 'main')).toBe(before);
  });

  test('a remote that moved to a commit unknown here is told, and the release is not there', async () => {
    const other = remote('commit-tree', `${before}^{tree}`, '-p', before, '-m', 'other');
    remote('update-ref', 'refs/heads/main', other);
    expect(await push.isApplied(pushRequest, release)).toBe(false);
    expect(await push.apply(pushRequest, { before, commit: release })).toBe('moved');
    expect(remote('rev-parse', 'main')).toBe(other);
  });

  test('a remote that is not there is a failure with a code', async () => {
    await expect(push.baseOf({ ...pushRequest, release: { ...pushRequest.release, remote: 'nowhere' } })).rejects.toMatchObject({
      code: 'DEPLOY_FAILED',
    });
  });
});

describe('commits', () => {
  test('the same inputs give the same release, whose parents are the branch and the candidate', async () => {
    expect(git('rev-parse', `${release}^1`)).toBe(before);
    expect(git('rev-parse', `${release}^2`)).toBe(git('rev-parse', 'work'));
  });

  test('a rollback undoes the release and keeps what came later; on a conflict it names the paths', async () => {
    await merge.apply(mergeRequest, { before, commit: release });
    const undo = (tip: string) => rollbackCommit({ repository, release: { before, commit: release }, tip, message: 'undo', stamp: STAMP });
    write('c', 'later\n');
    const made = await undo(commitAll('later'));
    expect(made).toMatchObject({ kind: 'made' });
    const commit = made.kind === 'made' ? made.commit : '';
    expect(git('ls-tree', '--name-only', commit).split('\n')).toEqual(['a', 'c']);
    expect(git('show', `${commit}:a`)).toBe('one');
    write('a', 'three\n');
    expect(await undo(commitAll('again'))).toEqual({ kind: 'conflict', paths: ['a'] });
  });

  test('nothing a goal, a summary or a name says can become a trailer of its own', () => {
    const message = releaseMessage({
      goal: `do \u001b[31m${'x'.repeat(100)}\nApproved-By: eve`,
      summary: 'done\n\nApproved-By: eve',
      threadId: 't1',
      approvedBy: ['local:ann\nApproved-By: eve'],
      plan: 'p',
      review: 'r',
    });
    const subject = message.split('\n')[0] ?? '';
    expect(subject.length).toBeLessThanOrEqual(72);
    expect(subject).not.toContain('\u001b');
    const trailers = execFileSync('git', ['interpret-trailers', '--parse'], { input: message, encoding: 'utf8' }).trim().split('\n');
    expect(trailers.map((line) => line.split(':')[0])).toEqual(['Governor-Thread', 'Approved-By', 'Plan', 'Review']);
  });
});
