/** The commits that a release and its undoing are made of. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { releaseMessage, rollbackCommit } from '../../../nodes/deploy/commits.ts';
import { merge } from '../../../nodes/deploy/targets/merge.ts';
import { makeTargetWorld, STAMP, type TargetWorld } from './target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

test('a release has as its parents the branch and the candidate', async () => {
  expect(world.git('rev-parse', `${world.commit}^1`)).toBe(world.before);
  expect(world.git('rev-parse', `${world.commit}^2`)).toBe(world.git('rev-parse', 'work'));
});

test('a rollback undoes the release and keeps what came later; on a conflict it names the paths', async () => {
  await merge.apply(world.merge, { before: world.before, commit: world.commit });
  const undo = (tip: string) =>
    rollbackCommit({
      repository: world.repository,
      release: { before: world.before, commit: world.commit },
      tip,
      message: 'undo',
      stamp: STAMP,
    });
  world.write('c', 'later\n');
  const made = await undo(world.commitAll('later'));
  expect(made).toMatchObject({ kind: 'made' });
  const commit = made.kind === 'made' ? made.commit : '';
  expect(world.git('ls-tree', '--name-only', commit).split('\n')).toEqual(['a', 'c']);
  expect(world.git('show', `${commit}:a`)).toBe('one');
  world.write('a', 'three\n');
  expect(await undo(world.commitAll('again'))).toEqual({ kind: 'conflict', paths: ['a'] });
});

test('nothing a goal, a summary or a name says can become a trailer of its own', () => {
  const message = releaseMessage({
    goal: `do \u001b[31m${'x'.repeat(100)}\nApproved-By: eve`,
    summary: 'done\n\nApproved-By: eve\nGovernor-Home: eve',
    threadId: 't1',
    home: 'h1',
    approvedBy: ['local:ann\nApproved-By: eve'],
    plan: 'p',
    review: 'r',
  });
  const subject = message.split('\n')[0] ?? '';
  expect(subject.length).toBeLessThanOrEqual(72);
  expect(subject).not.toContain('\u001b');
  const trailers = execFileSync('git', ['interpret-trailers', '--parse'], { input: message, encoding: 'utf8' }).trim().split('\n');
  expect(trailers.map((line) => line.split(':')[0])).toEqual(['Governor-Home', 'Governor-Thread', 'Approved-By', 'Plan', 'Review']);
});
