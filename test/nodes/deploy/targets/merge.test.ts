/** Target `merge` on a real repository: compare-and-swap, half-done releases, moved and dirty branches, and undoing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { merge } from '../../../../nodes/deploy/targets/merge.ts';
import { makeTargetWorld, type TargetWorld } from '../target-world.ts';

let world: TargetWorld;
beforeEach(async () => {
  world = await makeTargetWorld();
});
afterEach(() => world.dispose());

const change = () => ({ before: world.before, commit: world.commit });

/** Another's commit on the branch, made without the checkout. */
const othersCommit = (): string => world.git('commit-tree', `${world.before}^{tree}`, '-p', world.before, '-m', 'other');

test('moves the branch and the files of its clean checkout, once', async () => {
  expect(await merge.isApplied(world.merge, world.commit)).toBe(false);
  expect(await merge.apply(world.merge, change())).toBe('applied');
  expect(await merge.apply(world.merge, change())).toBe('applied');
  expect(await merge.baseOf(world.merge)).toBe(world.commit);
  expect(readFileSync(join(world.repo, 'a'), 'utf8')).toBe('two\n');
  expect(world.git('status', '--porcelain')).toBe('');
});

test('a dirty checkout stops it and nothing has moved', async () => {
  world.write('a', 'mine\n');
  await expect(merge.apply(world.merge, change())).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
  expect(world.git('rev-parse', 'main')).toBe(world.before);
  expect(readFileSync(join(world.repo, 'a'), 'utf8')).toBe('mine\n');
});

test('an untracked file in the way stops it and the branch is where it was', async () => {
  world.write('b', 'mine\n');
  await expect(merge.apply(world.merge, change())).rejects.toMatchObject({ code: 'TARGET_DIRTY' });
  expect(world.git('rev-parse', 'main')).toBe(world.before);
  expect(readFileSync(join(world.repo, 'b'), 'utf8')).toBe('mine\n');
});

test('a branch that is not checked out moves and no file does', async () => {
  world.git('checkout', '-q', '--detach');
  expect(await merge.apply(world.merge, change())).toBe('applied');
  expect(existsSync(join(world.repo, 'b'))).toBe(false);
  expect(world.git('rev-parse', 'main')).toBe(world.commit);
});

test('a moved branch is told and left alone', async () => {
  const other = othersCommit();
  world.git('update-ref', 'refs/heads/main', other);
  expect(await merge.apply(world.merge, change())).toBe('moved');
  expect(world.git('rev-parse', 'main')).toBe(other);
});

test('a branch that moved before its checkout did counts as applied, and is finished', async () => {
  world.git('update-ref', 'refs/heads/main', world.commit);
  expect(await merge.isApplied(world.merge, world.commit)).toBe(true);
  expect(await merge.apply(world.merge, change())).toBe('applied');
  expect(readFileSync(join(world.repo, 'a'), 'utf8')).toBe('two\n');
  expect(world.git('status', '--porcelain')).toBe('');
});

test('a release under later commits is still applied', async () => {
  await merge.apply(world.merge, change());
  world.write('c', 'later\n');
  world.commitAll('later');
  expect(await merge.isApplied(world.merge, world.commit)).toBe(true);
  expect(await merge.apply(world.merge, change())).toBe('applied');
});

test('undoes by the inverse commit, files and all, and a second time changes nothing', async () => {
  await merge.apply(world.merge, change());
  const inverse = world.git('commit-tree', `${world.before}^{tree}`, '-p', world.commit, '-m', 'undo');
  const undoing = world.undoing(world.commit, inverse);
  for (const _again of [1, 2]) {
    expect(await merge.undo(world.merge, undoing)).toEqual({ kind: 'undone', commit: inverse });
    expect(world.git('rev-parse', 'main')).toBe(inverse);
    expect(readFileSync(join(world.repo, 'a'), 'utf8')).toBe('one\n');
    expect(world.git('status', '--porcelain')).toBe('');
  }
});

test('an undoing that conflicts is refused with its paths, and one whose branch has moved is told; the release is still there', async () => {
  await merge.apply(world.merge, change());
  expect(await merge.undo(world.merge, world.undoing(world.commit, null))).toEqual({
    kind: 'refused',
    why: `${world.commit} cannot be undone on ${world.commit}: conflicts in a`,
  });
  expect(await merge.undo(world.merge, world.undoing(world.before, othersCommit()))).toEqual({ kind: 'moved' });
  expect(world.git('rev-parse', 'main')).toBe(world.commit);
});
