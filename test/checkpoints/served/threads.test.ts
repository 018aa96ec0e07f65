/** What threads and runs cost with fifty thousand threads stored, and the searches that must not be fooled by their index. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineDialect } from '../../../checkpoints/served/dialect.ts';
import { createServed } from '../../../checkpoints/served/index.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { COUNT_CAP, type NewRun, PAGE_COUNT_CAP } from '../../../domain/served.ts';
import type { Served } from '../../../domain/server-stores.ts';
import { type Home, makeHome, threadOf } from '../home.ts';

const THREADS = 50_000;
const scope = { tenant: 'default' };
const page = { limit: 10, offset: 0 };
let home: Home;
let database: Sqlite.Database;
let served: Served;
const said: string[] = [];

beforeAll(async () => {
  home = makeHome();
  (await home.open()).close();
  database = new Sqlite(join(home.folder, 'governor.sqlite'), { verbose: (sql) => said.push(String(sql)) });
  database.pragma('synchronous = OFF');
  defineDialect(database);
  served = createServed(sqliteSql(database), sqliteSql(database), home.clock);
  database.exec(`
    WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${THREADS})
    INSERT INTO threads (thread_id, tenant, created_at, updated_at, state_updated_at, metadata, config, status, interrupts)
    SELECT printf('00000000-0000-4000-8000-%012d', i), 'default', strftime('%Y-%m-%dT%H:%M:%fZ', 1e9 + i, 'unixepoch'),
      strftime('%Y-%m-%dT%H:%M:%fZ', 1e9 + i, 'unixepoch'), NULL, json_object('owner', 'u' || (i % 5000), 'graph_id', 'two'), '{}',
      CASE WHEN i % 500 = 0 THEN 'interrupted' ELSE 'idle' END, '{}' FROM numbers;
    INSERT INTO thread_runs (run_id, thread_id, tenant, assistant_id, created_at, updated_at, status, metadata, kwargs, caller, multitask, temporary, due_at)
    SELECT 'run-' || thread_id, thread_id, 'default', 'two', created_at, updated_at, 'success', '{}', '{}', '{}', 'enqueue', 0, 0 FROM threads LIMIT 5000;`);
});
afterAll(() => {
  database.close();
  home.dispose();
});

/** The plan of every statement that the work ran. */
async function plans(work: () => Promise<unknown>): Promise<string> {
  said.length = 0;
  await work();
  const statements = said.filter((sql) => /^\s*(SELECT|UPDATE|DELETE|INSERT)/.test(sql));
  expect(statements.length).toBeGreaterThan(0);
  return statements
    .flatMap((sql) => database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]) // its columns
    .map((row) => row.detail)
    .filter((detail) => !/^SCAN (CONSTANT ROW|counted|moments)/.test(detail))
    .join('\n');
}

const newRun = (runId: string, threadId: string, more: Partial<NewRun> = {}): NewRun => ({
  runId,
  threadId,
  assistantId: 'two',
  metadata: {},
  kwargs: {},
  caller: {},
  multitask: 'enqueue',
  temporary: false,
  afterMs: 0,
  ifNotExists: 'reject',
  threadMetadata: {},
  threadConfig: {},
  ...more,
});

describe('with fifty thousand threads', () => {
  test('a search or a count by a member of the metadata walks what has this member, in any order, under any filters', async () => {
    const owner = { metadata: { owner: 'u7' } };
    for (const work of [
      () => served.threads.search(scope, owner, page),
      () => served.threads.search(scope, { metadata: { graph_id: 'two', owner: 'u7' } }, page),
      () => served.threads.search(scope, owner, { ...page, sortBy: 'updated_at' }),
      () => served.threads.search(scope, { metadata: { owner: 'nobody' } }, page),
      () => served.threads.search(scope, { metadata: { flag: true } }, page),
      () => served.threads.search({ ...scope, filters: { owner: 'u7' } }, {}, page),
      () => served.threads.count(scope, owner),
      () => served.threads.count(scope, { metadata: { graph_id: 'two' } }),
    ]) {
      const plan = await plans(work);
      expect(plan).toContain('SEARCH m USING PRIMARY KEY (tenant=? AND key=? AND value=?)');
      expect(plan).not.toMatch(/SCAN|USING INDEX threads_by/);
    }
    expect((await served.threads.search(scope, owner, page)).rows).toHaveLength(10);
    expect(await served.threads.count(scope, { metadata: { graph_id: 'two' } })).toBe(10_000);
  });

  test('by status, by ids, by no filter, and sorted by each column: an index leads, and nothing is sorted but ties', async () => {
    const cases: [() => Promise<unknown>, string][] = [
      [() => served.threads.search(scope, { status: 'interrupted' }, page), 'threads_by_status (tenant=? AND status=?)'],
      [() => served.threads.count(scope, { status: 'interrupted' }), 'threads_by_status (tenant=? AND status=?)'],
      [() => served.threads.search(scope, {}, page), 'threads_by_created (tenant=?)'],
      [() => served.threads.search(scope, {}, { ...page, sortBy: 'updated_at' }), 'threads_by_updated (tenant=?)'],
      [() => served.threads.search(scope, {}, { ...page, sortBy: 'state_updated_at' }), 'threads_by_state (tenant=?)'],
      [() => served.threads.search(scope, {}, { ...page, sortBy: 'status' }), 'threads_by_status (tenant=?)'],
      [() => served.threads.search(scope, {}, { ...page, sortBy: 'thread_id' }), 'sqlite_autoindex_threads_1'],
    ];
    for (const [work, index] of cases) {
      const plan = await plans(work);
      expect(plan).toContain(index);
      expect(plan).not.toMatch(/USE TEMP B-TREE FOR ORDER BY/);
    }
    const ids = await plans(() => served.threads.search(scope, { ids: [threadOf(7), threadOf(9)] }, page));
    expect(ids).toContain('SEARCH t USING INDEX sqlite_autoindex_threads_1 (thread_id=?)');
    expect(ids).not.toMatch(/threads_by/);
  });

  test('one thread is got, made, changed and removed by its id; a run is put, claimed, beaten and ended by the open ones alone', async () => {
    const threadId = threadOf(99_999);
    let lease: Awaited<ReturnType<Served['queue']['claim']>>;
    for (const work of [
      () => served.threads.create(scope, { threadId, metadata: { owner: 'me' }, ifExists: 'raise' }),
      () => served.threads.get(scope, threadId),
      () => served.threads.patch(scope, threadId, { metadata: { a: 1 } }),
      () => served.queue.put(scope, [newRun('new', threadId)]),
      () => served.queue.nextDueMs(),
      async () => {
        lease = await served.queue.claim();
        expect(lease?.run.runId).toBe('new');
      },
      () => served.queue.claim(),
      async () => lease && served.queue.heartbeat(lease.lease),
      async () => lease && served.events.append(lease.lease, [{ event: 'values', data: '{}' }]),
      () => served.events.read('new', -1, 10, 1000),
      async () => lease && served.queue.finish(lease.lease, { status: 'success', values: {} }),
      () => served.queue.get(scope, threadId, 'new'),
      () => served.queue.list(scope, threadId, { limit: 10, offset: 0 }),
      () => served.threads.expire(10),
      () => served.threads.delete(scope, threadId),
    ]) {
      const plan = await plans(work);
      expect(plan).not.toMatch(/SCAN (?!r USING INDEX runs_waiting)|\(tenant=\?\)/);
    }
  });
});

describe('the total beside a page', () => {
  const totalAt = async (offset: number, filter = {}): Promise<readonly [rows: number, total: number, next: number | null]> => {
    const { rows, total, next } = await served.threads.search(scope, filter, { limit: 10, offset });
    return [rows.length, total, next];
  };

  test('is counted no further than its cap, however many rows are behind the page; a count goes on', async () => {
    for (const filter of [{}, { metadata: { graph_id: 'two' } }, { status: 'idle' as const }, { metadata: { none: null } }])
      expect((await served.threads.search(scope, filter, page)).total).toBeLessThanOrEqual(PAGE_COUNT_CAP);
    expect(await totalAt(0)).toEqual([10, PAGE_COUNT_CAP, 10]);
    expect(await served.threads.count(scope, {})).toBe(COUNT_CAP);
  });

  test('is never less than what is known to be there, and exact on the last page', async () => {
    expect(await totalAt(PAGE_COUNT_CAP)).toEqual([10, PAGE_COUNT_CAP + 11, PAGE_COUNT_CAP + 10]);
    expect(await totalAt(THREADS - 5)).toEqual([5, THREADS, null]);
    expect(await totalAt(90, { status: 'interrupted' })).toEqual([10, 100, null]);
    expect(await totalAt(20, { status: 'interrupted' })).toEqual([10, 100, 30]);
    expect(await totalAt(700, { status: 'interrupted' })).toEqual([0, 100, null]);
  });

  test('a full page asks for no rows to count once the cap lies before its end', async () => {
    said.length = 0;
    await totalAt(PAGE_COUNT_CAP);
    expect(said.filter((sql) => sql.includes('count('))).toEqual([]);
  });
});
