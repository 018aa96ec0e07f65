/** Run rows and leases: one input, one holder a thread, an epoch that rises, and a heartbeat that keeps it. */
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { FencedError, UsageError } from '../../domain/errors.ts';
import { INPUT, threadOf } from '../checkpoints/home.ts';
import { busy, REASON } from '../checkpoints/records.ts';
import { eachOpen, home, type Suite, stores } from './backend.ts';

const ID = threadOf(1);

export const runsSuite: Suite = (name, backend) =>
  describe(`${name}: runs`, () => {
    eachOpen(backend);

    test('a thread takes one input: the same again is the same row, another is refused and changes nothing', async () => {
      const row = await stores.runs.create(ID, INPUT);
      expect(row).toMatchObject({ threadId: ID, input: INPUT, status: 'running', stage: 'baseline', attempt: 0, epoch: 0, live: false });
      home.clock.ms += 1000;
      expect(await stores.runs.create(ID, { ...INPUT })).toEqual(row);
      const another = stores.runs.create(ID, { ...INPUT, goal: 'Something else' });
      await expect(another).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining('already has another input') });
      expect(await stores.runs.list()).toEqual([row]);
    });

    test('a thread is found by its id, by what begins only it, or as the last one', async () => {
      for (const number of [1, 2]) await stores.runs.create(threadOf(number), INPUT);
      await stores.runs.create('aaaa1111-0000-4000-8000-000000000001', INPUT);
      // A clock that goes back does not change which one is the last.
      home.clock.ms -= 3_600_000;
      await stores.runs.create('aaaa2222-0000-4000-8000-000000000002', INPUT);
      const found = async (word: string): Promise<string> => (await stores.runs.resolve(word)).threadId;
      expect(await found(threadOf(2))).toBe(threadOf(2));
      expect(await found('aaaa1')).toBe('aaaa1111-0000-4000-8000-000000000001');
      expect(await found('last')).toBe('aaaa2222-0000-4000-8000-000000000002');
      await expect(found('aaaa')).rejects.toThrow('2 threads begin with it');
      await expect(found('aaa')).rejects.toThrow('no thread of this home');
      await expect(found('%aaa1')).rejects.toThrow('no thread of this home');
      expect((await stores.runs.list()).map((row) => row.threadId.slice(0, 5))).toEqual(['aaaa2', 'aaaa1', '00000', '00000']);
    });

    test('a thread in an empty home is not found, and "last" says so', async () => {
      await expect(stores.runs.resolve('last')).rejects.toBeInstanceOf(UsageError);
      await expect(stores.runs.acquire(ID)).rejects.toThrow('is not in this home');
      await expect(stores.runs.markCancelled(ID, REASON)).rejects.toMatchObject({
        code: 'USAGE',
        message: `thread ${ID}: is not in this home`,
      });
      expect(await stores.runs.get(ID)).toBeUndefined();
    });

    test('a lease has one holder and an epoch that rises with every one of them', async () => {
      await stores.runs.create(ID, INPUT);
      const first = await stores.runs.acquire(ID);
      expect(first).toEqual({ threadId: ID, epoch: 1 });
      expect(await stores.runs.get(ID)).toMatchObject({ live: true, lease: { host: hostname(), pid: process.pid } });
      const second = await home.open();
      await expect(second.runs.acquire(ID)).rejects.toEqual(busy(process.pid));
      await expect(stores.runs.acquire(ID)).rejects.toEqual(busy(process.pid));
      await stores.runs.release(first);
      expect(await second.runs.get(ID)).toMatchObject({ live: false, lease: null, epoch: 1 });
      expect(await second.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 2 });
      await expect(stores.runs.release(first)).rejects.toBeInstanceOf(FencedError);
      expect(await stores.runs.get(ID)).toMatchObject({ live: true, epoch: 2 });
    });

    test('a lease lives on by its heartbeat, which books machine time and brings the cancel', async () => {
      await stores.runs.create(ID, INPUT);
      const fence = await stores.runs.acquire(ID);
      const beats: string[] = [];
      for (let times = 0; times < 3; times++) {
        home.clock.ms += 9000;
        beats.push(await stores.runs.heartbeat(fence, 1000.4));
      }
      expect(await stores.runs.get(ID)).toMatchObject({ live: true, machineMs: 3000 });
      const watcher = await home.open();
      await watcher.runs.requestCancel(ID);
      beats.push(await stores.runs.heartbeat(fence, -500));
      expect(beats).toEqual(['held', 'held', 'held', 'cancelled']);
      expect(await stores.runs.get(ID)).toMatchObject({ machineMs: 3000, cancelRequested: true });
      await stores.runs.release(fence);
      // It was about the process that had the thread.
      expect(await watcher.runs.heartbeat(await watcher.runs.acquire(ID), 0)).toBe('held');
      expect(await stores.runs.heartbeat(fence, 1000)).toBe('lost');
      expect(await stores.runs.get(ID)).toMatchObject({ machineMs: 3000, epoch: 2 });
    });

    test('an update changes what it names and keeps the rest; null is a value', async () => {
      await stores.runs.create(ID, INPUT);
      const fence = await stores.runs.acquire(ID);
      await stores.runs.update(fence, { stage: 'build', attempt: 3, reason: REASON, interruptId: 'one' });
      home.clock.ms += 5000;
      await stores.runs.update(fence, { status: 'stopped' });
      const row = await stores.runs.get(ID);
      expect(row).toMatchObject({ status: 'stopped', stage: 'build', attempt: 3, reason: REASON, interruptId: 'one' });
      expect(Date.parse(row?.updatedAt ?? '') - Date.parse(row?.createdAt ?? '')).toBe(5000);
      await stores.runs.update(fence, { reason: null, interruptId: null });
      expect(await stores.runs.get(ID)).toMatchObject({ status: 'stopped', reason: null, interruptId: null });
    });

    test('a cancel of a run that nobody holds fences the process that may still come back to it', async () => {
      await stores.runs.create(ID, INPUT);
      const fence = await stores.runs.acquire(ID);
      await stores.runs.update(fence, { status: 'waiting', interruptId: 'one' });
      home.clock.ms += 11_000;
      await (await home.open()).runs.markCancelled(ID, REASON);
      expect(await stores.runs.get(ID)).toMatchObject({ status: 'cancelled', reason: REASON, interruptId: null, live: false });
      await expect(stores.runs.update(fence, { status: 'released' })).rejects.toBeInstanceOf(FencedError);
      expect(await stores.runs.heartbeat(fence, 1)).toBe('lost');
      expect(await stores.runs.acquire(ID)).toEqual({ threadId: ID, epoch: 3 });
    });
  });
