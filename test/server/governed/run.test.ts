/** A governed thread as the server runs it: streamed, paused at breakpoints, drained, answered, and never released by a forgery. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decide } from '../../../runtime/decide/decide.ts';
import type { StreamChunk } from '../../../runtime/options.ts';
import { createThread } from '../../../runtime/start/create.ts';
import { runGoverned } from '../../../server/governed/run.ts';
import { makeWorld, planReply, type World } from '../../story/world.ts';
import { type GovernedServer, governedServer, servedRun } from './governed-server.ts';

let world: World;
let server: GovernedServer;

beforeEach(async () => {
  world = makeWorld();
  server = await governedServer(world);
});
afterEach(() => {
  server.runtime.stores.close();
  world.dispose();
});

const GOAL = 'Add a product function with a test';

async function newThread(): Promise<string> {
  return (await createThread(server.runtime, { goal: GOAL, repo: world.repo, scriptFile: world.script })).threadId;
}

interface Play {
  readonly modes?: readonly ('values' | 'updates' | 'debug' | 'tasks' | 'checkpoints')[];
  readonly subgraphs?: boolean;
  readonly interruptBefore?: readonly string[] | '*';
  readonly interruptAfter?: readonly string[] | '*';
  readonly drain?: AbortController;
  readonly epoch?: number;
  readonly abort?: AbortController;
  readonly on?: (chunk: StreamChunk) => void;
}

async function play(threadId: string, more: Play = {}) {
  const chunks: StreamChunk[] = [];
  const {
    modes = ['values'],
    subgraphs = false,
    drain = new AbortController(),
    abort = new AbortController(),
    on,
    epoch,
    ...breaks
  } = more;
  const end = await runGoverned(server, servedRun(threadId, epoch === undefined ? {} : { governed: { epoch } }), {
    signal: abort.signal,
    drain: drain.signal,
    modes,
    subgraphs,
    ...breaks,
    emit: async (chunk) => {
      chunks.push(chunk);
      on?.(chunk);
    },
  });
  return { end, chunks };
}

async function approveIt(threadId: string): Promise<void> {
  const row = await server.runtime.stores.runs.get(threadId);
  const gate = (await server.runtime.stores.approvals.list({ threadId, status: 'pending' })).at(-1);
  if (row === undefined || gate === undefined) throw new Error('nothing waits');
  await decide(server.runtime, row, { decision: 'approved', subject: gate.subject.digest });
}

describe('a run', () => {
  test('streams what happens, waits at the gate, and after the approval goes on to the release', async () => {
    const thread = await newThread();
    const first = await play(thread, { modes: ['values', 'updates'], subgraphs: true });
    expect(first.end).toMatchObject({ status: 'interrupted', error: null, drained: false });
    const [waits] = Object.values(first.end.interrupts).flat();
    expect(waits).toMatchObject({ id: expect.any(String), value: { kind: 'approval', gate: 'release' } });
    expect(first.chunks.some(([namespace]) => namespace.length > 0)).toBe(true);
    expect(first.chunks.at(-1)).toMatchObject([[], expect.any(String), { __interrupt__: [{ value: { gate: 'release' } }] }]);
    await approveIt(thread);
    const second = await play(thread);
    expect(second.end).toMatchObject({ status: 'success', interrupts: {}, values: { outcome: 'released' } });
    expect(world.git('log', '-1', '--format=%s', 'main')).not.toBe('base');
  });

  test('without a wish for subgraphs only the flow itself speaks, and values carry messages', async () => {
    const thread = await newThread();
    const { chunks, end } = await play(thread);
    expect(chunks.every(([namespace, mode]) => namespace.length === 0 && mode === 'values')).toBe(true);
    expect(end.values).toMatchObject({ messages: expect.arrayContaining([{ type: 'human', id: 'goal', content: GOAL }]) });
  });

  test('pauses before and after nodes, and a run without breakpoints goes on', async () => {
    const thread = await newThread();
    const before = await play(thread, { interruptBefore: ['plan'] });
    expect(before.end).toMatchObject({ status: 'interrupted', interrupts: {} });
    expect(await server.runtime.stores.runs.get(thread)).toMatchObject({ status: 'running', stage: 'plan', live: false });
    const after = await play(thread, { interruptAfter: ['plan'] });
    expect(after.end).toMatchObject({ status: 'interrupted', interrupts: {}, values: { planFile: { path: '10-plan.1.json' } } });
    expect((await play(thread)).end).toMatchObject({ status: 'interrupted', values: { review: { path: '30-review.1.json' } } });
  });

  test('steps through every node with "*" and still waits at the gate', async () => {
    const thread = await newThread();
    const stages: string[] = [];
    for (let step = 0; step < 30; step += 1) {
      const { end } = await play(thread, { interruptBefore: '*' });
      const row = await server.runtime.stores.runs.get(thread);
      if (row?.status === 'waiting') {
        expect(Object.values(end.interrupts).flat()).toHaveLength(1);
        break;
      }
      stages.push(row?.stage ?? '');
    }
    expect(stages).toEqual(['baseline', 'plan', 'approve_plan', 'build', 'review_rules', 'review_critic', 'approve_release']);
    await approveIt(thread);
    expect((await play(thread)).end.status).toBe('success');
  });

  test('that is drained is given back and goes on where it was', async () => {
    const thread = await newThread();
    const drain = new AbortController();
    const { end } = await play(thread, {
      modes: ['updates'],
      drain,
      on: ([, , data]) => {
        if ('plan' in (data as object)) drain.abort(); // an update is keyed by its node
      },
    });
    expect(end).toMatchObject({ status: 'interrupted', drained: true });
    expect(await server.runtime.stores.runs.get(thread)).toMatchObject({ status: 'running', live: false });
    expect((await play(thread)).end).toMatchObject({ status: 'interrupted', drained: false });
  });

  test('whose events cannot be kept stops instead of going on unseen', async () => {
    const thread = await newThread();
    const { end } = await play(thread, {
      on: () => {
        throw new Error('no room for events');
      },
    });
    expect(end).toMatchObject({ status: 'error', error: { error: 'INTERNAL', message: expect.stringContaining('no room for events') } });
  });

  test('delivered twice after a stop goes on once; asked anew it goes on again', async () => {
    world.replies([planReply()]);
    const thread = await newThread();
    const abort = new AbortController();
    const first = await play(thread, { abort, on: () => abort.abort() });
    expect(first.end).toMatchObject({ status: 'interrupted', drained: false });
    const stopped = await server.runtime.stores.runs.get(thread);
    expect(stopped).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED', resumable: true } });
    const again = await play(thread, { epoch: (stopped?.epoch ?? 0) - 1 });
    // It only tells where the thread stands.
    const told = [[[], 'values', expect.objectContaining({ messages: expect.any(Array) })]];
    expect(again).toMatchObject({ chunks: told, end: { status: 'interrupted' } });
    expect((await server.runtime.stores.runs.get(thread))?.epoch).toBe(stopped?.epoch);
    const anew = await play(thread, { epoch: stopped?.epoch ?? 0 });
    expect(anew.end).toMatchObject({ status: 'error', error: { error: 'SCRIPT_MISS' } });
    // A final stop stays what it is.
    expect(await play(thread)).toMatchObject({ chunks: told, end: { status: 'error', error: { error: 'SCRIPT_MISS' } } });
  });

  test('a thread that another process runs is waited for, and not run twice', async () => {
    const thread = await newThread();
    const fence = await server.runtime.stores.runs.acquire(thread);
    const running = play(thread);
    await new Promise((wake) => setTimeout(wake, 150));
    expect(await server.runtime.stores.runs.get(thread)).toMatchObject({ epoch: fence.epoch });
    await server.runtime.stores.runs.release(fence);
    expect((await running).end.status).toBe('interrupted');
  });
});
