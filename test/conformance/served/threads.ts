/** Threads: whose they are, what is found, and what a copy, a patch and an end leave of them. */
import { describe, expect, test } from 'vitest';
import { many, run } from '../../../checkpoints/sql/transaction.ts';
import type { ThreadFilter } from '../../../domain/served.ts';
import { newRun, threadOf } from '../../checkpoints/home.ts';
import { eachOpen, place, type ServedSuite, stores } from './backend.ts';

const scope = { tenant: 'default' };
const page = { limit: 10, offset: 0 };
const threads = () => stores.served.threads;

async function make(number: number, metadata: Record<string, unknown>, tenant = 'default') {
  place.clock.ms += 1000;
  return threads().create({ tenant }, { threadId: threadOf(number), metadata, ifExists: 'raise' });
}
const found = async (filter: ThreadFilter, more = {}, inScope = scope): Promise<number[]> =>
  (await threads().search(inScope, filter, { ...page, ...more })).rows.map((row) => Number(row.threadId.slice(-4)));

/** Checkpoints of a thread in two namespaces, each with a write, in this order. */
async function putCheckpoints(threadId: string, ids: readonly string[]): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const config = { configurable: { thread_id: threadId, checkpoint_ns: index % 2 === 0 ? '' : 'inner' } };
    const checkpoint = { v: 4, id, ts: '', channel_values: { n: index }, channel_versions: {}, versions_seen: {} };
    const at = await stores.saver.put(config, checkpoint, { source: 'loop', step: index, parents: {} });
    await stores.saver.putWrites(at, [['channel', `value of ${id}`]], 'task');
  }
}
const idsOf = async (threadId: string): Promise<readonly string[]> => {
  const rows = await stores.sql.read(() =>
    many<{ checkpoint_id: string }>('SELECT checkpoint_id FROM checkpoints WHERE thread_id = $1 ORDER BY checkpoint_id', [threadId]),
  );
  return rows.map((row) => row.checkpoint_id);
};

export const threadsSuite: ServedSuite = (name, backend) =>
  describe(`${name}: threads`, () => {
    eachOpen(backend);
    single();
    copies();
    searches();
    scans();
  });

function single(): void {
  describe('one thread', () => {
    test('is made once; who may not see it learns only that its id is taken', async () => {
      const made = await make(1, { owner: 'ada' });
      expect(made).toMatchObject({ tenant: 'default', status: 'idle', metadata: { owner: 'ada' }, values: null, governed: false });
      await expect(make(1, {})).rejects.toMatchObject({ kind: 'conflict' });
      expect(await threads().create(scope, { threadId: threadOf(1), metadata: {}, ifExists: 'do_nothing' })).toEqual(made);
      for (const other of [
        { tenant: 'other' },
        { ...scope, filters: { owner: 'bob' } },
        { ...scope, graphs: ['x'], filters: { owner: 'bob' } },
      ]) {
        expect(await threads().get(other, threadOf(1))).toBeUndefined();
        const again = threads().create(other, { threadId: threadOf(1), metadata: {}, ifExists: 'do_nothing' });
        await expect(again).rejects.toMatchObject({ kind: 'conflict' });
      }
    });

    test('a patch merges metadata and config, and begins the time to live', async () => {
      await make(1, { a: 1, b: 1 });
      const patched = await threads().patch(scope, threadOf(1), { metadata: { b: 2 }, config: { tags: ['t'] }, ttlMinutes: 1.5 });
      expect(patched).toMatchObject({ metadata: { a: 1, b: 2 }, config: { tags: ['t'] }, ttlMinutes: 1.5 });
      place.clock.ms += 89_999;
      expect(await threads().expire(10)).toBe(0);
      place.clock.ms += 1;
      expect(await threads().expire(10)).toBe(1);
      await expect(threads().patch(scope, threadOf(1), {})).rejects.toMatchObject({ kind: 'missing' });
    });

    test('an end sets values, interrupts and status; one that says nothing lets it rest as before', async () => {
      await make(1, {});
      await threads().settle(threadOf(1), { values: { n: 1 }, interrupts: { task: [{ value: 'sure?' }] } });
      const asked = { status: 'interrupted', values: { n: 1 }, interrupts: { task: [{ value: 'sure?' }] }, error: null };
      expect(await threads().get(scope, threadOf(1))).toMatchObject(asked);
      await threads().settle(threadOf(1), {});
      expect(await threads().get(scope, threadOf(1))).toMatchObject(asked);
      await threads().settle(threadOf(1), { error: { error: 'E', message: 'm' } });
      expect(await threads().get(scope, threadOf(1))).toMatchObject({
        status: 'error',
        values: { n: 1 },
        error: { error: 'E', message: 'm' },
      });
      await threads().settle(threadOf(1), { values: { n: 2 }, interrupts: {} });
      expect(await threads().get(scope, threadOf(1))).toMatchObject({ status: 'idle', values: { n: 2 }, error: null });
    });

    test('a governed one is neither deleted nor copied nor cut, and is found when its gate is decided', async () => {
      await make(1, { graph_id: 'governor' });
      await stores.sql.write(() =>
        run(
          `INSERT INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at)
           VALUES ($1, '{}', 'waiting', 'approve_plan', 1, 1, 0, 0, '', '')`,
          [threadOf(1)],
        ),
      );
      expect(await threads().get(scope, threadOf(1))).toMatchObject({ governed: true });
      for (const refused of [
        threads().delete(scope, threadOf(1)),
        threads().keepLatest(scope, threadOf(1)),
        threads().copy(scope, threadOf(1), threadOf(2), {}),
      ])
        await expect(refused).rejects.toMatchObject({ kind: 'conflict' });
      expect(await threads().decided(10)).toEqual([]);
      await stores.sql.write(() =>
        run(
          `INSERT INTO approvals (id, thread_id, gate, round, digest, subject, required, shown, status, votes, created_at)
           VALUES ('a', $1, 'plan', 1, '', '{}', '{}', '{}', 'approved', '[]', '')`,
          [threadOf(1)],
        ),
      );
      expect(await threads().decided(10)).toEqual([{ threadId: threadOf(1), tenant: 'default' }]);
      expect((await threads().patch(scope, threadOf(1), { metadata: { graph_id: 'mine', a: 1 } })).metadata).toEqual({
        graph_id: 'governor',
        a: 1,
      });
    });
  });
}

function copies(): void {
  describe('checkpoints', () => {
    test('a copy has them in their order and under its own name, and none of the runs', async () => {
      await make(1, { a: 1 });
      await putCheckpoints(threadOf(1), ['z', 'y', 'a', 'b']);
      await stores.served.queue.put(scope, [newRun('r', threadOf(1), { afterMs: 1000 })]);
      const copy = await threads().copy(scope, threadOf(1), threadOf(2), { b: 2 });
      expect(copy).toMatchObject({ threadId: threadOf(2), status: 'idle', metadata: { b: 2 } });
      expect(await idsOf(threadOf(2))).toEqual(['a', 'b', 'y', 'z']);
      expect(await stores.served.queue.list(scope, threadOf(2), page)).toEqual([]);
      // The newest of a namespace is the one that came last, not the one with the largest id.
      const latest = await stores.saver.getTuple({ configurable: { thread_id: threadOf(2), checkpoint_ns: '' } });
      expect([latest?.checkpoint.id, latest?.pendingWrites]).toEqual(['a', [['task', 'channel', 'value of a']]]);
    });

    test('a prune keeps the newest of each namespace with its writes, and refuses a busy thread', async () => {
      await make(1, {});
      await putCheckpoints(threadOf(1), ['z', 'y', 'a', 'b']);
      await threads().keepLatest(scope, threadOf(1));
      expect(await idsOf(threadOf(1))).toEqual(['a', 'b']);
      const writes = await stores.sql.read(() => many('SELECT checkpoint_id FROM writes WHERE thread_id = $1', [threadOf(1)]));
      expect(writes).toHaveLength(2);
      await stores.served.queue.put(scope, [newRun('r', threadOf(1), { afterMs: 1000 })]);
      await expect(threads().keepLatest(scope, threadOf(1))).rejects.toMatchObject({ kind: 'conflict' });
    });

    test('a delete takes runs, events and checkpoints along, and nothing of another thread', async () => {
      for (const number of [1, 2]) {
        await stores.served.queue.put(scope, [newRun(`r${number}`, threadOf(number))]);
        await putCheckpoints(threadOf(number), ['a']);
        const claimed = await stores.served.queue.claim();
        if (claimed === undefined) throw new Error('nothing to claim');
        await stores.served.events.append(claimed.lease, [{ event: 'values', data: '{}' }]);
      }
      await threads().delete(scope, threadOf(1));
      for (const [table, left] of [
        ['threads', 1],
        ['thread_runs', 1],
        ['run_events', 1],
        ['checkpoints', 1],
        ['writes', 1],
      ] as const)
        expect([table, (await stores.sql.read(() => many(`SELECT * FROM ${table}`))).length]).toEqual([table, left]);
    });
  });
}

function searches(): void {
  describe('a search', () => {
    test('finds by each kind of member, by status, by ids, in any order, and nothing of another tenant', async () => {
      await make(1, { owner: 'ada', deep: { x: [1, 2] }, flag: true });
      await make(2, { owner: 'bob', graph_id: 'g', n: null });
      await make(3, { owner: 'ada', graph_id: 'g', deep: { x: [2] } });
      await make(4, { owner: 'ada', graph_id: 'g' }, 'other');
      await threads().settle(threadOf(2), { error: { error: 'E' } });
      expect(await found({})).toEqual([3, 2, 1]);
      expect(await found({ metadata: { owner: 'ada' } })).toEqual([3, 1]);
      expect(await found({ metadata: { owner: 'ada', graph_id: 'g' } })).toEqual([3]);
      expect(await found({ metadata: { graph_id: 'g' } }, { sortBy: 'updated_at' })).toEqual([2, 3]);
      expect(await found({ metadata: { flag: true } })).toEqual([1]);
      expect(await found({ metadata: { deep: { x: [2] } } })).toEqual([3, 1]);
      expect(await found({ metadata: { n: null } })).toEqual([2]);
      expect(await found({ status: 'error' })).toEqual([2]);
      expect(await found({ ids: [threadOf(1), threadOf(3), threadOf(4), threadOf(9)] })).toEqual([3, 1]);
      expect(await found({ ids: [] })).toEqual([]);
      expect(await found({}, { sortBy: 'thread_id', sortOrder: 'asc' })).toEqual([1, 2, 3]);
      expect(await found({}, { sortBy: 'status', sortOrder: 'asc' })).toEqual([2, 1, 3]);
      expect(await found({}, { sortBy: 'state_updated_at' })).toHaveLength(3);
      expect(await threads().count(scope, { metadata: { owner: 'ada' } })).toBe(2);
      expect(await threads().count(scope, {})).toBe(3);
    });

    test('sees what the filters and the graphs of the scope name', async () => {
      await make(1, { owner: 'ada', groups: ['a', 'b'], graph_id: 'one' });
      await make(2, { owner: 'ada', groups: ['a'], graph_id: 'two' });
      await make(3, { owner: 'bob' });
      const of = (more: object) => found({}, {}, { ...scope, ...more });
      expect(await of({ filters: { owner: 'ada' } })).toEqual([2, 1]);
      expect(await of({ filters: { groups: { $contains: ['a', 'b'] } } })).toEqual([1]);
      expect(await of({ filters: { owner: {} } })).toEqual([]);
      expect(await of({ graphs: ['one'] })).toEqual([3, 1]);
      expect(await of({ graphs: [] })).toEqual([3]);
      const mine = { ...scope, filters: { owner: 'ada' } };
      expect(await found({ metadata: { owner: 'bob' } }, {}, mine)).toEqual([]);
      expect(await threads().get(mine, threadOf(3))).toBeUndefined();
    });

    test('tells the next page, and the whole as far as it is counted', async () => {
      for (let number = 1; number <= 5; number += 1) await make(number, {});
      const told = async (limit: number, offset: number) => {
        const { rows, total, next } = await threads().search(scope, {}, { limit, offset });
        return [rows.length, total, next];
      };
      expect([await told(2, 0), await told(2, 4), await told(2, 9)]).toEqual([
        [2, 5, 2],
        [1, 5, null],
        [0, 5, null],
      ]);
    });

    test('a number, its text, and yes or no are three things', async () => {
      const make = (number: number, metadata: Record<string, unknown>) =>
        threads().create({ tenant: 'other' }, { threadId: threadOf(200_000 + number), metadata, ifExists: 'raise' });
      await make(1, { k: 1 });
      await make(2, { k: '1' });
      await make(3, { k: true });
      await make(4, { k: 'true' });
      await make(5, { k: '-1' });
      await make(6, { k: -1 });
      const found = async (k: unknown) =>
        (await threads().search({ tenant: 'other' }, { metadata: { k } }, page)).rows.map((row) => Number(row.threadId.slice(-1)));
      expect([await found(1), await found('1'), await found(true), await found('true'), await found('-1'), await found(-1)]).toEqual([
        [1],
        [2],
        [3],
        [4],
        [5],
        [6],
      ]);
      expect(await threads().count({ tenant: 'other' }, { metadata: { k: '1' } })).toBe(1);
      expect(await threads().count(scope, { metadata: { k: 'true' } })).toBe(0);
    });
  });
}

function scans(): void {
  test('searches and counts by values, and by nested metadata, give way between slices', async () => {
    const pad = 'x'.repeat(10_000);
    await stores.sql.write(function* () {
      for (let index = 0; index < 300; index += 1)
        yield* run(
          `INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, "values", interrupts)
           VALUES ($1, $2, $3, '', $4, '{}', 'idle', $5, '{}')`,
          [
            threadOf(index),
            index === 299 ? 'other' : 'default',
            new Date(index * 1000).toISOString(),
            JSON.stringify({ of: { third: index % 3 } }),
            JSON.stringify({ n: index % 10, pad }),
          ],
        );
    });
    const turnsOf = async <Found>(work: Promise<Found>): Promise<[Found, boolean]> => {
      let turns = 0;
      let over = false;
      const count = (): void => {
        turns += 1;
        if (!over) setImmediate(count);
      };
      setImmediate(count);
      const found = await work;
      over = true;
      return [found, turns >= 5];
    };
    const [page, gaveWay] = await turnsOf(threads().search(scope, { values: { n: 9 } }, { limit: 10, offset: 0 }));
    expect([page.total, page.next, gaveWay]).toEqual([29, 10, true]);
    expect(page.rows.map((row) => row.threadId)).toEqual([289, 279, 269, 259, 249, 239, 229, 219, 209, 199].map(threadOf));
    const last = await threads().search(scope, { values: { n: 9 } }, { limit: 10, offset: 20 });
    expect([last.rows.length, last.next]).toEqual([9, null]);
    const both = { values: { n: 9 }, metadata: { of: { third: 0 } } };
    expect(await threads().count(scope, both)).toBe(10);
    expect(await turnsOf(threads().count(scope, { values: { n: 10 } }))).toEqual([0, true]);
    expect((await threads().search(scope, { metadata: { of: { third: 1 } } }, { limit: 1, offset: 0 })).total).toBe(100);
    expect((await threads().search({ ...scope, filters: { owner: 'me' } }, { values: { n: 9 } }, { limit: 1, offset: 0 })).total).toBe(0);
  });
}
