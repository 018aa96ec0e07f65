/** `gc` beside a process that goes on with a thread: what it listed is not what it deletes by. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fence } from '../../../domain/ports.ts';
import { collect } from '../../../runtime/keep/gc.ts';
import type { Operations } from '../../../runtime/operations.ts';
import { openRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { approve, makeWorld, start, type World } from '../../story/world.ts';

let world: World;
let operations: Operations;
let runtime: Runtime;
/** Another process of the same home, as a server is. */
let other: Runtime;
beforeEach(async () => {
  world = makeWorld();
  operations = await world.open();
  const options = { home: world.home, env: { PATH: process.env['PATH'] ?? '' } };
  runtime = await openRuntime(options);
  other = await openRuntime(options);
});
afterEach(async () => {
  runtime.stores.close();
  other.stores.close();
  await operations.close();
  world.dispose();
});

/** The same runtime, whose list is read before `then` happens: between listing and deleting. */
const meanwhile = (then: () => Promise<void>): Runtime => {
  const { stores } = runtime;
  const runs = {
    ...stores.runs,
    list: async () => {
      const rows = await stores.runs.list();
      await then();
      return rows;
    },
  };
  return { ...runtime, stores: Object.create(stores, { runs: { value: runs } }) as Runtime['stores'] }; // the same stores, but for `runs`
};

const workTree = (thread: string): boolean => existsSync(join(world.home, 'work', thread));
const pins = (): string => world.git('for-each-ref', 'refs/governor', 'refs/heads/governor');

/** How much of what only a resume needs is there. */
function kept(thread: string): readonly number[] {
  const database = new Sqlite(join(world.home, 'governor.sqlite'), { readonly: true });
  const counts = ['checkpoints', 'effects', 'transcripts'].map((table) =>
    Number(database.prepare(`SELECT count(*) FROM ${table} WHERE thread_id = ?`).pluck().get(thread)),
  );
  database.close();
  return counts;
}

test('the work tree of a cancelled thread that is resumed after it was listed stays, and the run goes on in it', async () => {
  const { thread_id: thread } = await start(world, operations);
  await operations.cancel(thread);
  let fence: Fence | undefined;
  const resumed = meanwhile(async () => {
    fence = await other.stores.runs.acquire(thread);
    await other.stores.runs.update(fence, { status: 'running', reason: null });
  });
  expect(await collect(resumed, undefined)).toEqual({ workTrees: 0, threads: 0, refs: 0, streams: 0 });
  expect(workTree(thread)).toBe(true);
  if (fence !== undefined) await other.stores.runs.release(fence);
  expect(await operations.resume(thread)).toMatchObject({ status: 'waiting' });
  // Nobody resumes it: the same call takes the tree.
  await operations.cancel(thread);
  expect(await collect(runtime, undefined)).toEqual({ workTrees: 1, threads: 0, refs: 0, streams: 0 });
  expect(workTree(thread)).toBe(false);
});

test('what a released thread needs for its undoing stays when that begins after it was listed', async () => {
  const { thread_id: thread } = await start(world, operations);
  await approve(operations, thread);
  const before = { kept: kept(thread), pins: pins() };
  expect(before.kept.every((count) => count > 0)).toBe(true);
  expect(before.pins).not.toBe('');
  let fence: Fence | undefined;
  const undoing = meanwhile(async () => {
    fence = await other.stores.runs.acquire(thread);
  });
  expect(await collect(undoing, 0)).toEqual({ workTrees: 0, threads: 0, refs: 0, streams: 0 });
  expect({ kept: kept(thread), pins: pins() }).toEqual(before);
  if (fence !== undefined) await other.stores.runs.release(fence);
  const { threads, refs } = await collect(runtime, 0);
  expect([threads, refs > 0, pins(), kept(thread)[0]]).toEqual([1, true, '', 0]);
});

test('a thread whose pipeline changed keeps its checkpoints: it can be gone on with by resume --migrate', async () => {
  const { thread_id: thread } = await start(world, operations);
  const before = kept(thread);
  const fence = await runtime.stores.runs.acquire(thread);
  const reason = {
    code: 'DEFINITION_CHANGED' as const,
    message: 'changed',
    stage: 'halt' as const,
    resumable: false,
    evidence: [],
    next: '',
  };
  await runtime.stores.runs.update(fence, { status: 'stopped', reason });
  await runtime.stores.runs.release(fence);
  // Its work tree can be made again.
  expect(await collect(runtime, 0)).toMatchObject({ threads: 0, refs: 0, streams: 0 });
  expect(kept(thread)).toEqual(before);
});

test('the streamed events of a run that ended more than an hour ago go, those of a later one and of one that is open stay', async () => {
  const { served } = runtime.stores;
  const scope = { tenant: 'default' };
  const place = { assistantId: 'a', metadata: {}, kwargs: {}, caller: {}, multitask: 'enqueue', temporary: false, afterMs: 0 } as const;
  const put = async (runId: string, threadId: string) => {
    await served.queue.put(scope, [{ ...place, runId, threadId, ifNotExists: 'create', threadMetadata: {}, threadConfig: {} }]);
    const claimed = await served.queue.claim();
    if (claimed === undefined) throw new Error('nothing to claim');
    const event = { channel: 'values', method: 'values', namespace: [], params: '{}' } as const;
    await served.threadEvents.append(claimed.lease, [event], 1000);
    return claimed.lease;
  };
  const ended = await put('ended', 't1');
  await served.queue.finish(ended, { status: 'success' });
  const fresh = await put('fresh', 't2');
  await put('open', 't3');
  await served.queue.finish(fresh, { status: 'success' });
  const database = new Sqlite(join(world.home, 'governor.sqlite'));
  const hourAgo = new Date(Date.now() - 3_600_001).toISOString();
  database.prepare("UPDATE thread_runs SET updated_at = ? WHERE run_id IN ('ended', 'open')").run(hourAgo);
  expect(await collect(runtime, undefined)).toMatchObject({ streams: 1 });
  expect(database.prepare('SELECT run_id FROM thread_events ORDER BY run_id').pluck().all()).toEqual(['fresh', 'open']);
  database.close();
  expect(await collect(runtime, undefined)).toMatchObject({ streams: 0 });
});
