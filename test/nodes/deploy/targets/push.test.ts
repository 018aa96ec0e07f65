/** Target `push` to a real remote: only from the expected commit, told where it moved, and undone by a commit. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { push } from '../../../../nodes/deploy/targets/push.ts';
import { makeTargetWorld, type TargetWorld } from '../target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const change = () => ({ before: world.before, commit: world.commit });

test('moves the remote from the expected commit only, and again changes nothing', async () => {
  expect(await push.isApplied(world.push, world.commit)).toBe(false);
  expect(await push.apply(world.push, change())).toBe('applied');
  expect(await push.apply(world.push, change())).toBe('applied');
  expect(world.remote('rev-parse', 'main')).toBe(world.commit);
  expect(await push.isApplied(world.push, world.commit)).toBe(true);
  expect(world.git('rev-parse', 'main')).toBe(world.before);
});

test('a remote that moved to a commit unknown here is told, and the release is not there', async () => {
  const other = world.remote('commit-tree', `${world.before}^{tree}`, '-p', world.before, '-m', 'other');
  world.remote('update-ref', 'refs/heads/main', other);
  expect(await push.isApplied(world.push, world.commit)).toBe(false);
  expect(await push.apply(world.push, change())).toBe('moved');
  expect(world.remote('rev-parse', 'main')).toBe(other);
});

test('a remote that is not there is a failure with a code', async () => {
  await expect(push.baseOf({ ...world.push, release: { ...world.push.release, remote: 'nowhere' } })).rejects.toMatchObject({
    code: 'DEPLOY_FAILED',
  });
});

test('undoes by the inverse commit on the remote, and a remote that has moved is told and left alone', async () => {
  await push.apply(world.push, change());
  const inverse = world.git('commit-tree', `${world.before}^{tree}`, '-p', world.commit, '-m', 'undo');
  expect(await push.undo(world.push, world.undoing(world.before, inverse))).toEqual({ kind: 'moved' });
  expect(world.remote('rev-parse', 'main')).toBe(world.commit);
  for (const _again of [1, 2])
    expect(await push.undo(world.push, world.undoing(world.commit, inverse))).toEqual({ kind: 'undone', commit: inverse });
  expect(world.remote('rev-parse', 'main')).toBe(inverse);
  expect(world.git('rev-parse', 'main')).toBe(world.before);
});
