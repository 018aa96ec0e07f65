/** A third release target, made here as a newcomer would: released, undone, killed before and after it acted, and one that cannot undo. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { onFailpoint } from '../../domain/failpoint.ts';
import type { Release, ReleaseOf } from '../../domain/release.ts';
import type { DeployTarget, Undone } from '../../nodes/deploy/targets/target.ts';
import { approve, makeWorld, start, type World } from './world.ts';

/** The released commit's id stands in a file; a run starts from branch `from`. */
type FileRelease = Omit<ReleaseOf<'merge'>, 'target'> & { readonly target: 'file'; readonly path: string; readonly from: string };

const at = vi.hoisted(() => ({
  /** The moment at which the process dies: from then on it can write nothing more. */
  killed: '',
  dead: false,
  calls: [] as string[],
  /** What `undo` says instead of what it would do. */
  instead: undefined as Undone | undefined,
}));

const moment = (name: string): void => {
  at.calls.push(name);
  if (name !== at.killed) return;
  at.dead = true;
  throw new Error(`killed ${name}`);
};

const file: DeployTarget<FileRelease> = {
  baseOf: ({ repository, release }) => repository.branchTip(release.from),
  isApplied: async ({ release }, commit) => existsSync(release.path) && readFileSync(release.path, 'utf8') === commit,
  apply: async ({ release }, { commit }) => {
    moment('before apply');
    writeFileSync(release.path, commit);
    moment('after apply');
    return 'applied';
  },
  undo: async ({ release }, { released }) => {
    if (at.instead !== undefined) return at.instead;
    moment('before undo');
    rmSync(release.path, { force: true });
    moment('after undo');
    return { kind: 'undone', commit: released.before };
  },
};

vi.mock('../../domain/release.ts', async (original) => {
  const now = await original<typeof import('../../domain/release.ts')>();
  const own = z.strictObject({ target: z.literal('file'), path: z.string(), from: z.string() });
  return {
    ...now,
    releaseSchema: z.union([own.transform((written) => ({ ...now.releaseSchema.parse({}), ...written })), now.releaseSchema]),
  };
});

vi.mock('../../nodes/deploy/targets/index.ts', async (original) => {
  const now = await original<typeof import('../../nodes/deploy/targets/index.ts')>();
  return { deployTarget: (release: Release | FileRelease) => (release.target === 'file' ? file : now.deployTarget(release)) };
});

let world: World | undefined;
afterEach(() => {
  onFailpoint(undefined);
  Object.assign(at, { killed: '', dead: false, calls: [], instead: undefined });
  world?.dispose();
});

const place = (of: World): string => join(of.folder, 'current');

/** A world whose runs start at `stable`, one commit behind `main`, and are released to the file. */
function fileWorld(): World {
  const made = makeWorld();
  made.git('branch', 'stable');
  const config = readFileSync(join(made.repo, 'governor.yaml'), 'utf8');
  writeFileSync(join(made.repo, 'governor.yaml'), `${config}release: { target: file, path: ${place(made)}, from: stable }\n`);
  made.git('commit', '-qam', 'release to a file');
  made.git('branch', '-f', 'stable', 'main');
  made.git('commit', '-q', '--allow-empty', '-m', 'only on main');
  return made;
}

/** The process dies there, and another one goes on. */
async function killedAt(of: World, killed: string, act: (operations: Awaited<ReturnType<World['open']>>) => Promise<unknown>) {
  const dying = await of.open();
  at.killed = killed;
  onFailpoint(() => {
    if (at.dead) throw new Error('a dead process writes nothing');
  });
  await act(dying).catch(() => undefined);
  expect(at.dead).toBe(true);
  await dying.close();
  onFailpoint(undefined);
  Object.assign(at, { killed: '', dead: false });
}

test('a run starts from the base that its target names, is released there and taken back from there', async () => {
  world = fileWorld();
  const operations = await world.open();
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ status: 'waiting', base: world.git('rev-parse', 'stable') });
  const released = await approve(operations, waiting.thread_id);
  expect(released).toMatchObject({ status: 'released', release: { target: 'file' } });
  expect(readFileSync(place(world), 'utf8')).toBe(released.release?.['commit']);
  expect(await operations.rollback(waiting.thread_id, 'not wanted')).toMatchObject({ status: 'rolled_back' });
  expect(existsSync(place(world))).toBe(false);
  expect(world.dossier(waiting.thread_id, '60-rollback.json')).toMatchObject({
    body: { release: released.release?.['commit'], commit: waiting.base },
  });
  await operations.close();
});

test.each<[string, Undone]>([
  ['says that it cannot undo', { kind: 'refused', why: 'a file that was read cannot be taken back' }],
  ['says that it undid what it still holds', { kind: 'undone', commit: '0'.repeat(40) }],
])('a target that %s leaves the run released, and says so', async (_what, instead) => {
  world = fileWorld();
  const operations = await world.open();
  const { thread_id: thread } = await start(world, operations);
  const released = await approve(operations, thread);
  at.instead = instead;
  await expect(operations.rollback(thread, 'not wanted')).rejects.toMatchObject({ code: 'ROLLBACK_CONFLICT' });
  expect(await operations.result(thread)).toMatchObject({ status: 'released' });
  expect(world.dossier(thread, '60-rollback.json')).toBeUndefined();
  expect(readFileSync(place(world), 'utf8')).toBe(released.release?.['commit']);
  at.instead = undefined;
  expect(await operations.rollback(thread, 'not wanted')).toMatchObject({ status: 'rolled_back' });
  await operations.close();
});

test.each([
  ['before apply', ['before apply', 'before apply', 'after apply']],
  ['after apply', ['before apply', 'after apply', 'before apply', 'after apply']],
])('killed %s, the release is finished by the next process', async (killed, calls) => {
  world = fileWorld();
  const first = await world.open();
  const { thread_id: thread } = await start(world, first);
  await first.close();
  await killedAt(world, killed, (operations) => approve(operations, thread));
  const operations = await world.open();
  const released = await operations.resume(thread);
  expect(released).toMatchObject({ status: 'released', reason: null });
  expect(readFileSync(place(world), 'utf8')).toBe(released.release?.['commit']);
  expect(at.calls).toEqual(calls);
  await operations.close();
});

test.each(['before undo', 'after undo'])('killed %s, the rollback is finished by the next process', async (killed) => {
  world = fileWorld();
  const first = await world.open();
  const { thread_id: thread } = await start(world, first);
  await approve(first, thread);
  await first.close();
  await killedAt(world, killed, (operations) => operations.rollback(thread, 'not wanted'));
  const operations = await world.open();
  expect(await operations.result(thread)).toMatchObject({ status: 'released' });
  expect(await operations.rollback(thread, 'not wanted')).toMatchObject({ status: 'rolled_back' });
  expect(existsSync(place(world))).toBe(false);
  await operations.close();
});
