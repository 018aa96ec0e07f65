/** The queue's rows: who runs next, what a lease guards, and what a take-back takes. */
import { describe, expect, test } from 'vitest';
import { OPEN_RUNS } from '../../../checkpoints/served/queue/enqueue.ts';
import { one, run } from '../../../checkpoints/sql/transaction.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };

export const queueSuite: ServedSuite = (name, backend) =>
  describe(`${name}: queue`, () => {
    eachOpen(backend);

    const checkpoint = (threadId: string, id: string) =>
      stores.sql.write(() =>
        run(
          "INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, type, checkpoint, metadata) VALUES ($1, '', $2, 'json', '{}', '{}')",
          [threadId, id],
        ),
      );
    const count = async (threadId: string) =>
      (await stores.sql.read(() => one<{ n: number }>('SELECT COUNT(*) AS n FROM checkpoints WHERE thread_id = $1', [threadId])))?.n;

    test('a take-back removes what the run wrote, also when another thread with newer rows was deleted meanwhile', async () => {
      const { queue, threads } = stores.served;
      const [a, b] = [threadOf(1), threadOf(2)];
      await threads.create(scope, { threadId: b, metadata: {}, ifExists: 'raise' });
      for (let index = 0; index < 10; index += 1) await checkpoint(b, `b${index}`);
      await queue.put(scope, [newRun('r', a)]);
      const claimed = await queue.claim();
      await threads.delete(scope, b);
      await checkpoint(a, 'a1');
      await checkpoint(a, 'a2');
      expect(claimed && (await queue.finish(claimed.lease, { status: 'interrupted', rollback: true }))).toBe(true);
      expect([await count(a), await queue.get(scope, a, 'r')]).toEqual([0, undefined]);
    });

    test('what has asked since a run began is told from what asked before, also when the run is begun again', async () => {
      const { queue } = stores.served;
      const thread = threadOf(1);
      const ask = (taskId: string, channel = '__interrupt__') =>
        stores.sql.write(() =>
          run(
            "INSERT INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value) VALUES ($1, '', 'c', $2, -3, $3, 'json', '[]')",
            [thread, taskId, channel],
          ),
        );
      await ask('before');
      await queue.put(scope, [newRun('r', thread)]);
      const first = await queue.claim();
      if (first === undefined) throw new Error('not claimed');
      expect(await queue.askedSince(first.lease)).toEqual(new Set());
      await ask('since');
      await ask('values', 'log');
      await queue.giveBack(first.lease);
      const again = await queue.claim();
      if (again === undefined) throw new Error('not claimed again');
      expect(await queue.askedSince(again.lease)).toEqual(new Set(['since']));
      expect(await queue.finish(again.lease, { status: 'error', error: { error: 'E', message: 'm' }, untouched: true })).toBe(true);
      expect(await stores.served.threads.get(scope, thread)).toMatchObject({ status: 'idle', error: null });
    });

    test('the runs of a thread are walked in the order in which they were put, as far as they have begun', async () => {
      const { queue } = stores.served;
      const thread = threadOf(1);
      await queue.put(scope, [newRun('one', thread), newRun('two', thread), newRun('other', threadOf(2))]);
      expect([await queue.nextBegun(thread, 0), await queue.lastEnded(thread)]).toEqual([undefined, 0]);
      const claimed = await queue.claim();
      const first = await queue.nextBegun(thread, 0);
      expect(first).toMatchObject({ run: { runId: 'one', status: 'running' } });
      expect(await queue.lastEnded(thread)).toBe(0);
      if (claimed !== undefined) await queue.finish(claimed.lease, { status: 'success' });
      expect(await queue.lastEnded(thread)).toBe(first?.place);
      expect(await queue.nextBegun(thread, first?.place ?? 0)).toBeUndefined();
      await queue.cancel(scope, { runIds: ['two'] }, 'interrupt');
      expect(await queue.nextBegun(thread, first?.place ?? 0)).toMatchObject({ run: { runId: 'two' } });
    });

    test('put is all or nothing: one refused run, and none is there', async () => {
      const { queue, threads } = stores.served;
      await queue.put(scope, [newRun('first', threadOf(1))]);
      await expect(
        queue.put(scope, [newRun('second', threadOf(2)), newRun('third', threadOf(1), { multitask: 'reject' })]),
      ).rejects.toMatchObject({
        kind: 'conflict',
      });
      expect(await queue.get(scope, undefined, 'second')).toBeUndefined();
      expect(await threads.get(scope, threadOf(2))).toBeUndefined();
    });

    test('a thread takes a thousand open runs, and the next one when one of them has ended', async () => {
      const { queue } = stores.served;
      const thread = threadOf(1);
      await queue.put(
        scope,
        Array.from({ length: OPEN_RUNS }, (_, index) => newRun(`r${index}`, thread)),
      );
      await expect(queue.put(scope, [newRun('more', thread)])).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining('1000'),
      });
      const claimed = await queue.claim();
      if (claimed !== undefined) await queue.finish(claimed.lease, { status: 'success' });
      expect(await queue.put(scope, [newRun('more', thread)])).toHaveLength(1);
    });

    test('a thread is run by one at a time, the oldest due first; a delayed run holds back nobody', async () => {
      const { queue } = stores.served;
      await queue.put(scope, [
        newRun('late', threadOf(1), { afterMs: 1000 }),
        newRun('one', threadOf(1)),
        newRun('two', threadOf(1)),
        newRun('other', threadOf(2)),
      ]);
      const first = await queue.claim();
      const second = await queue.claim();
      expect([first?.run.runId, second?.run.runId, await queue.claim()]).toEqual(['one', 'other', undefined]);
      if (first !== undefined) await queue.finish(first.lease, { status: 'success', values: {} });
      const next = await queue.claim();
      expect(next?.run.runId).toBe('two');
      if (next !== undefined) await queue.finish(next.lease, { status: 'success', values: {} });
      expect(await queue.nextDueMs()).toBe(1000);
      expect(await queue.claim()).toBeUndefined();
      place.clock.ms += 1000;
      expect((await queue.claim())?.run.runId).toBe('late');
    });

    test('a stale lease writes no event, no end, and beats in vain', async () => {
      const { queue, events } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1))]);
      const old = await queue.claim();
      if (old === undefined) throw new Error('nothing to claim');
      await queue.giveBack(old.lease);
      const held = await queue.claim();
      expect(held?.run.attempt).toBe(1);
      await expect(events.append(old.lease, [{ event: 'values', data: '{}' }])).rejects.toMatchObject({ name: 'FencedError' });
      expect(await queue.finish(old.lease, { status: 'success' })).toBe(false);
      expect(await queue.heartbeat(old.lease)).toBe('lost');
      expect(held && (await queue.heartbeat(held.lease))).toBe('held');
    });

    test('a cancel of a pending stateless run takes its thread with it; its row stays for those who wait', async () => {
      const { queue, threads } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1), { temporary: true, afterMs: 1000 })]);
      expect(await queue.cancel(scope, { runIds: ['r'] }, 'interrupt')).toEqual(['r']);
      expect(await threads.get(scope, threadOf(1))).toBeUndefined();
      expect(await queue.get(scope, undefined, 'r')).toMatchObject({ status: 'interrupted' });
      expect(await queue.get({ tenant: 'other' }, undefined, 'r')).toBeUndefined();
    });

    test('another tenant puts, sees, cancels and deletes nothing of a thread, and cannot tell it from none', async () => {
      const { queue, threads } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1), { afterMs: 1000 })]);
      const other = { tenant: 'other' };
      for (const ifNotExists of ['create', 'reject'] as const)
        await expect(queue.put(other, [newRun('x', threadOf(1), { ifNotExists })])).rejects.toMatchObject({ kind: 'missing' });
      await expect(queue.list(other, threadOf(1), { limit: 1, offset: 0 })).rejects.toMatchObject({ kind: 'missing' });
      await expect(queue.delete(other, threadOf(1), 'r')).rejects.toMatchObject({ kind: 'missing' });
      expect(await queue.cancel(other, { status: 'all' }, 'rollback')).toEqual([]);
      expect(await queue.cancel(other, { runIds: ['r'] }, 'rollback')).toEqual([]);
      await expect(threads.delete(other, threadOf(1))).rejects.toMatchObject({ kind: 'missing' });
      expect(await queue.get(scope, threadOf(1), 'r')).toMatchObject({ status: 'pending' });
    });

    test('an end that says only that nodes are left to run is not an end that says nothing', async () => {
      const { queue, threads } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1))]);
      const claimed = await queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      await queue.finish(claimed.lease, { status: 'interrupted', paused: true });
      expect((await threads.get(scope, threadOf(1)))?.status).toBe('interrupted');
      await queue.put(scope, [newRun('waits', threadOf(1), { afterMs: 1000 })]);
      expect((await threads.get(scope, threadOf(1)))?.status).toBe('busy');
      await queue.cancel(scope, { runIds: ['waits'] }, 'interrupt');
      expect((await threads.get(scope, threadOf(1)))?.status).toBe('interrupted');
    });

    test('a run whose end could not be written is begun again when its lease is over, also by its own process; one that it holds is not', async () => {
      const { queue } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1))]);
      expect((await queue.claim())?.run.runId).toBe('r');
      expect(await queue.claim()).toBeUndefined();
      place.clock.ms += 10_001;
      expect(await queue.claim(new Set(['r']))).toBeUndefined();
      const again = await queue.claim(new Set());
      expect([again?.run.runId, again?.run.attempt]).toEqual(['r', 2]);
    });

    test('a thread outlives its time to live by nothing, unless it is busy; each run begins the time again', async () => {
      const { queue, threads } = stores.served;
      for (const [number, ttlMinutes] of [
        [1, 1],
        [2, 5],
        [3, null],
      ] as const)
        await threads.create(scope, { threadId: threadOf(number), metadata: {}, ifExists: 'raise', ttlMinutes });
      await queue.put(scope, [newRun('r', threadOf(1))]);
      place.clock.ms += 61_000;
      expect(await threads.expire(10)).toBe(0);
      const claimed = await queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      await queue.finish(claimed.lease, { status: 'success', values: {} });
      place.clock.ms += 59_000;
      expect(await threads.expire(10)).toBe(0);
      place.clock.ms += 2000;
      expect(await threads.expire(10)).toBe(1);
      expect([await threads.get(scope, threadOf(1)), await queue.get(scope, undefined, 'r')]).toEqual([undefined, undefined]);
      place.clock.ms += 300_000;
      expect(await threads.expire(10)).toBe(1);
      expect(await threads.get(scope, threadOf(3))).toBeDefined();
    });

    test('a running run is told to stop by its heartbeat, and its end puts a webhook with it', async () => {
      const { queue, outbox } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1))]);
      const claimed = await queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      expect(await queue.cancel(scope, { threadId: threadOf(1), status: 'running' }, 'rollback')).toEqual(['r']);
      expect(await queue.heartbeat(claimed.lease)).toBe('rollback');
      await queue.finish(claimed.lease, { status: 'error', webhook: { url: 'https://a.example', body: '{}' } });
      expect(await outbox.take({ all: 2, perHost: 4, room: new Map() }, 1000)).toMatchObject([
        { runId: 'r', url: 'https://a.example', body: '{}' },
      ]);
    });

    test('a list shows the newest first, by status and by metadata, a page at a time', async () => {
      const { queue } = stores.served;
      for (const number of [1, 2, 3]) await queue.put(scope, [newRun(`r${number}`, threadOf(1), { metadata: { odd: number % 2 === 1 } })]);
      await queue.claim();
      const listed = async (more: object) =>
        (await queue.list(scope, threadOf(1), { limit: 10, offset: 0, ...more })).map((run) => run.runId);
      expect(await listed({})).toEqual(['r3', 'r2', 'r1']);
      expect(await listed({ limit: 1, offset: 1 })).toEqual(['r2']);
      expect(await listed({ status: 'running' })).toEqual(['r1']);
      expect(await listed({ metadata: { odd: true } })).toEqual(['r3', 'r1']);
    });

    test('what has ended is counted, and pruned when it is old: its events, and the run where its thread is gone', async () => {
      const { queue, events, assistants } = stores.served;
      await queue.put(scope, [newRun('r', threadOf(1), { temporary: true })]);
      const claimed = await queue.claim();
      if (claimed === undefined) throw new Error('nothing to claim');
      await events.append(claimed.lease, [{ event: 'values', data: '{}' }]);
      await queue.finish(claimed.lease, { status: 'success' });
      expect(await queue.counts()).toMatchObject({ pending: 0, running: 0, success: 1 });
      // Its thread is gone: the graph of its assistant says who sees it.
      const settings = { name: '', description: null, config: {}, context: null, metadata: {} };
      await assistants.create(scope, { assistantId: 'a', graphId: 'g', ...settings }, 'raise');
      expect(await queue.get({ ...scope, graphs: ['g'] }, undefined, 'r')).toMatchObject({ status: 'success' });
      expect(await queue.get({ ...scope, graphs: ['other'] }, undefined, 'r')).toBeUndefined();
      const [now, later] = [0, 1].map((more) => new Date(place.clock.ms + more).toISOString());
      expect([await events.prune(now ?? '', 9), await queue.prune(now ?? '', 9)]).toEqual([0, 0]);
      expect([await events.last('r'), await events.prune(later ?? '', 9), await events.last('r')]).toEqual([0, 1, -1]);
      expect([await queue.prune(later ?? '', 9), await queue.get(scope, undefined, 'r')]).toEqual([1, undefined]);
    });
  });
