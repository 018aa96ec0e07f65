/** Crons on the graph `governor`: a new governed thread each tick, by whoever made the cron; on a thread that takes no more, the reason. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { until } from '../../until.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let shop: Shop;
let server: TestServer;
let rows: Database.Database;
let as: Record<string, string>;
beforeEach(async () => {
  shop = await openShop();
  // Nobody works the queue: what is put, and as whom, is what is asked here.
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY, limits: { concurrency: 0 } });
  rows = new Database(join(shop.world.home, 'governor.sqlite'));
  const { key } = await issueKey(server.runtime.stores.served.keys, { owner: 'service:nightly' });
  as = { 'x-api-key': key };
});
afterEach(async () => {
  rows.close();
  await server.stop();
  await shop.close();
});

interface Last {
  readonly tick: string;
  readonly run_id: string | null;
  readonly thread_id: string | null;
  readonly error: { readonly error: string; readonly message: string } | null;
}

const goal = (text: string) => ({ assistant_id: 'governor', schedule: '0 9 * * *', input: { goal: text, repo: 'shop' } });
const make = async (path: string, body: object): Promise<string> => {
  const answer = await server.send('POST', path, body, as);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return (answer.body as { cron_id: string }).cron_id;
};
/** As if a tick were due, another one each time. */
const tick = async (cronId: string): Promise<Last> => {
  const before = rows.prepare('SELECT last FROM crons WHERE cron_id = ?').pluck().get(cronId);
  rows.prepare('UPDATE crons SET due_at = ? WHERE cron_id = ?').run(Date.now() - 1, cronId);
  await until(() => rows.prepare('SELECT last FROM crons WHERE cron_id = ?').pluck().get(cronId) !== before, 'a tick');
  return ((await server.send('GET', `/runs/crons/${cronId}`, undefined, as)).body as { last_run: Last }).last_run;
};

test('each tick of one without a thread begins a governed thread of its own, whose starter is who made the cron', async () => {
  const cron = await make('/runs/crons', goal(GOAL));
  const [first, second] = [await tick(cron), await tick(cron)];
  expect(first.error ?? second.error).toBeNull();
  expect(first.thread_id).not.toBe(second.thread_id);
  for (const { thread_id, run_id } of [first, second]) {
    expect(await server.runtime.stores.runs.get(String(thread_id))).toMatchObject({
      input: { starter: 'service:nightly', goal: GOAL, repo: shop.world.repo },
    });
    expect((await server.send('GET', `/threads/${thread_id}/runs/${run_id}`, undefined, as)).body).toMatchObject({
      status: 'pending',
      metadata: { cron_id: cron },
    });
  }
  expect(rows.prepare('SELECT COUNT(*) FROM runs').pluck().get()).toBe(2);
});

test('one that a killed process had begun is gone on with, and not begun again', async () => {
  const cron = await make('/runs/crons', goal(GOAL));
  const first = await tick(cron);
  const at = Date.parse(first.tick);
  // As it was when its process died after the thread was begun, and before its run was put.
  rows.prepare('DELETE FROM thread_runs').run();
  rows
    .prepare('UPDATE crons SET last = NULL, tick_at = ?, hold_owner = ?, hold_until = ?')
    .run(at, JSON.stringify({ host: 'elsewhere', pid: 1, startTicks: 1 }), Date.now() - 1);
  await until(() => rows.prepare('SELECT last FROM crons').pluck().get() !== null, 'the tick');
  const { last_run: last } = (await server.send('GET', `/runs/crons/${cron}`, undefined, as)).body as { last_run: Last };
  expect(last).toMatchObject({ run_id: first.run_id, thread_id: first.thread_id, error: null });
  expect(rows.prepare('SELECT COUNT(*) FROM runs').pluck().get()).toBe(1);
  expect(rows.prepare('SELECT COUNT(*) FROM thread_runs').pluck().get()).toBe(1);
});

test('on a governed thread it is a run create: another goal is told as the conflict that it is, its own goes on', async () => {
  const { thread_id } = (await server.send('POST', '/threads', {}, as)).body as { thread_id: string };
  const run = await server.send('POST', `/threads/${thread_id}/runs`, { assistant_id: 'governor', input: goal(GOAL).input }, as);
  expect(run.status).toBe(200);
  await server.send('POST', `/threads/${thread_id}/runs/${(run.body as { run_id: string }).run_id}/cancel`, undefined, as);
  await server.send('POST', `/threads/${thread_id}/state`, { values: null, as_node: '__end__' }, as);
  expect(await server.runtime.stores.runs.get(thread_id)).toMatchObject({ status: 'cancelled' });
  const path = `/threads/${thread_id}/runs/crons`;
  const other = await tick(await make(path, goal('Another goal')));
  const asked = await server.send(
    'POST',
    `/threads/${thread_id}/runs`,
    { assistant_id: 'governor', input: goal('Another goal').input },
    as,
  );
  expect(asked.status).toBe(409);
  expect(other).toMatchObject({ run_id: null, error: { error: 'HTTP 409', message: (asked.body as { detail: string }).detail } });
  expect(await tick(await make(path, goal(GOAL)))).toMatchObject({ thread_id, run_id: expect.any(String), error: null });
});

test('a goal that no run may have is told at its tick, and a repository that nobody named', async () => {
  expect(await tick(await make('/runs/crons', goal(' ')))).toMatchObject({ error: { error: 'HTTP 422', message: 'goal: is empty' } });
  const outside = { ...goal(GOAL), input: { goal: GOAL, repo: shop.world.folder } };
  expect(await tick(await make('/runs/crons', outside))).toMatchObject({ run_id: null, error: { error: 'HTTP 422' } });
  const secret = { ...goal(`Use ghp_${'a1B2c3D4e5F6'.repeat(3)}`) };
  expect(await server.send('POST', '/runs/crons', secret, as)).toMatchObject({ status: 422 });
  expect(rows.prepare('SELECT COUNT(*) FROM runs').pluck().get()).toBe(0);
});
