/** Crons: seen by their tenant, capped, ticked by one process, and made with their run or not at all. */
import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../checkpoints/sql/transaction.ts';
import type { CronRow, Crons, NewCron } from '../../../domain/crons.ts';
import { newRun, START_MS, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const MOST = { perOwner: 10, all: 20 };
const MINUTE_MS = 60_000;

const cronOf = (number: number, more: Partial<NewCron> = {}): NewCron => ({
  cronId: threadOf(number),
  tenant: 'acme',
  owner: 'service:ci',
  caller: { id: 'service:ci' },
  threadId: null,
  assistantId: 'a',
  graphId: 'two',
  schedule: '* * * * *',
  timezone: null,
  endAt: null,
  enabled: true,
  onRunCompleted: 'delete',
  payload: { input: { z: 1, a: 2 } },
  metadata: { team: 'red' },
  dueAt: START_MS + MINUTE_MS,
  ...more,
});

export const cronsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: crons`, () => {
    eachOpen(backend);
    let crons: Crons;
    beforeEach(() => {
      crons = stores.served.crons;
    });
    const scope = { tenant: 'acme' };
    const due = async (): Promise<CronRow> => {
      const [first] = await crons.due(10);
      if (first === undefined) throw new Error('nothing is due');
      return first;
    };

    test('are as they were made, for their tenant, the graphs and the owners of a scope alone', async () => {
      const made = await crons.create(cronOf(1), MOST);
      expect(made).toMatchObject({ ...cronOf(1), last: null, createdAt: new Date(START_MS).toISOString() });
      expect(await crons.get(scope, threadOf(1))).toEqual(made);
      for (const other of [{ tenant: 'zeta' }, { ...scope, graphs: ['other'] }, { ...scope, filters: { team: 'blue' } }]) {
        expect(await crons.get(other, threadOf(1))).toBeUndefined();
        expect((await crons.search(other, {}, { limit: 10, offset: 0 })).rows).toEqual([]);
        expect(await crons.count(other, {})).toBe(0);
        await expect(crons.patch(other, threadOf(1), { enabled: false })).rejects.toMatchObject({ kind: 'missing' });
        await expect(crons.delete(other, threadOf(1))).rejects.toMatchObject({ kind: 'missing' });
      }
      expect(await crons.get({ ...scope, graphs: ['two'], filters: { team: 'red' } }, threadOf(1))).toEqual(made);
    });

    test('are searched by what they are of, sorted and paged', async () => {
      await crons.create(cronOf(1, { dueAt: 5, threadId: threadOf(9), onRunCompleted: null }), MOST);
      await crons.create(cronOf(2, { dueAt: null, enabled: false, assistantId: 'b' }), MOST);
      await crons.create(cronOf(3, { dueAt: 3, metadata: { team: 'blue' } }), MOST);
      const ids = async (filter: Parameters<Crons['search']>[1], sortBy?: string, sortOrder: 'asc' | 'desc' = 'asc') =>
        (await crons.search(scope, filter, { limit: 10, offset: 0, sortBy, sortOrder })).rows.map(({ cronId }) => Number(cronId.slice(-2)));
      expect(await ids({})).toEqual([1, 2, 3]);
      expect(await ids({}, 'next_run_date', 'desc')).toEqual([1, 3, 2]);
      expect(await ids({ threadId: threadOf(9) })).toEqual([1]);
      expect(await ids({ enabled: false })).toEqual([2]);
      expect(await ids({ assistantId: 'a', metadata: { team: 'blue' } })).toEqual([3]);
      expect(await crons.count(scope, { assistantId: 'a' })).toBe(2);
      expect(await crons.search(scope, {}, { limit: 2, offset: 0 })).toMatchObject({ total: 3, next: 2 });
      await expect(ids({}, 'payload')).rejects.toMatchObject({ kind: 'invalid' });
    });

    test('are as many as an owner, and all owners together, may have; one that is gone makes room', async () => {
      const most = { perOwner: 1, all: 2 };
      await crons.create(cronOf(1), most);
      await expect(crons.create(cronOf(2), most)).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining('service:ci has 1'),
      });
      await crons.create(cronOf(2, { owner: 'service:b' }), most);
      await expect(crons.create(cronOf(3, { owner: 'service:c', tenant: 'zeta' }), most)).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining('this server has 2'),
      });
      await crons.delete(scope, threadOf(1));
      await crons.create(cronOf(3), most);
    });

    test('of several processes one begins a tick, and nobody one that was changed since', async () => {
      await crons.create(cronOf(1), MOST);
      expect(await crons.due(10)).toEqual([]);
      expect(await crons.nextDueMs()).toBe(MINUTE_MS);
      place.clock.ms = START_MS + MINUTE_MS;
      const cron = await due();
      const other = (await place.open()).served.crons;
      const begun = [
        await crons.begin(cron, START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS),
        await other.begin(cron, START_MS + MINUTE_MS, null),
      ];
      expect(begun).toEqual([true, false]);
      // Until it has its run, no other tick of it is begun.
      place.clock.ms += MINUTE_MS;
      expect(await crons.due(10)).toEqual([]);
      expect(await crons.refuse({ cronId: cron.cronId, tickMs: START_MS + MINUTE_MS }, { error: 'E', message: 'm' })).toBe(true);
      expect(await crons.get(scope, cron.cronId)).toMatchObject({
        dueAt: START_MS + 2 * MINUTE_MS,
        last: { tick: new Date(START_MS + MINUTE_MS).toISOString(), error: { error: 'E', message: 'm' } },
      });
      const read = await due();
      await crons.patch(scope, read.cronId, { dueAt: START_MS + 9 * MINUTE_MS });
      expect(await crons.begin(read, START_MS + 2 * MINUTE_MS, null)).toBe(false);
      // Also where the tick stays: its run would be put as it was read.
      place.clock.ms = START_MS + 9 * MINUTE_MS;
      const stale = await due();
      await crons.patch(scope, stale.cronId, { payload: { input: 'new' } });
      expect(await crons.begin(stale, START_MS + 9 * MINUTE_MS, null)).toBe(false);
      expect(await crons.begin(await due(), START_MS + 9 * MINUTE_MS, null)).toBe(true);
    });

    test('a tick that this process still makes is kept when its hold is over, and takes no place of another', async () => {
      place.clock.ms = START_MS + MINUTE_MS;
      for (const number of [1, 2]) {
        await crons.create(cronOf(number), MOST);
        await crons.begin(await due(), START_MS + MINUTE_MS, null);
      }
      place.clock.ms += 30_000;
      expect(await crons.takeOver(1, [threadOf(1)])).toMatchObject([{ cronId: threadOf(2) }]);
      expect(await crons.takeOver(1, [threadOf(1)])).toEqual([]);
      expect(await crons.nextDueMs()).toBe(30_000);
    });

    test('a tick and its run are there together, once', async () => {
      await crons.create(cronOf(1), MOST);
      place.clock.ms = START_MS + MINUTE_MS;
      const tick = { cronId: threadOf(1), tickMs: START_MS + MINUTE_MS };
      await crons.begin(await due(), tick.tickMs, null);
      // What is refused with the run leaves the tick to be made.
      await expect(stores.served.queue.put(scope, [{ ...newRun('r0', threadOf(5)), tick, ifNotExists: 'reject' }])).rejects.toMatchObject({
        kind: 'missing',
      });
      expect(await crons.get(scope, tick.cronId)).toMatchObject({ last: null });
      const run = { ...newRun('r1', threadOf(5)), tick };
      await stores.served.queue.put(scope, [run]);
      expect(await crons.get(scope, tick.cronId)).toMatchObject({ last: { runId: 'r1', threadId: threadOf(5) } });
      await expect(stores.served.queue.put(scope, [{ ...run, runId: 'r2' }])).rejects.toMatchObject({ kind: 'conflict' });
      expect((await stores.served.queue.list(scope, threadOf(5), { limit: 10, offset: 0 })).map(({ runId }) => runId)).toEqual(['r1']);
      expect(await crons.refuse(tick, { error: 'late', message: '' })).toBe(false);
    });

    test('a tick whose process died is taken over at once, that of a slow one after half a minute, that of a live one never', async () => {
      await crons.create(cronOf(1), MOST);
      place.clock.ms = START_MS + MINUTE_MS;
      await crons.begin(await due(), START_MS + MINUTE_MS, null);
      expect(await crons.takeOver(10)).toEqual([]);
      const held = async (owner: object): Promise<unknown> =>
        stores.sql.write(() => run('UPDATE crons SET hold_owner = $1', [JSON.stringify(owner)]));
      const dead = spawnSync('true').pid;
      const { hostname } = await import('node:os');
      await held({ host: hostname(), pid: dead, startTicks: 1 });
      expect(await crons.takeOver(10)).toMatchObject([{ cronId: threadOf(1), tickMs: START_MS + MINUTE_MS }]);
      expect(await crons.takeOver(10)).toEqual([]);
      // Of another host nobody can be asked about.
      await held({ host: 'elsewhere', pid: 1, startTicks: 1 });
      place.clock.ms += 29_000;
      expect(await crons.takeOver(10)).toEqual([]);
      place.clock.ms += 1001;
      expect(await crons.nextDueMs()).toBe(0);
      expect(await crons.takeOver(10)).toMatchObject([{ cronId: threadOf(1) }]);
    });

    test('go with their thread', async () => {
      await stores.served.threads.create(scope, { threadId: threadOf(9), metadata: {}, ifExists: 'raise' });
      await crons.create(cronOf(1, { threadId: threadOf(9), onRunCompleted: null }), MOST);
      await crons.create(cronOf(2), MOST);
      await stores.served.threads.delete(scope, threadOf(9));
      expect((await crons.search(scope, {}, { limit: 10, offset: 0 })).rows.map(({ cronId }) => cronId)).toEqual([threadOf(2)]);
    });
  });
