/** What a freeze, a drain and readers that never read leave behind: nobody writes under another run's lease, nothing is held. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
let rows: Database.Database;
beforeEach(async () => {
  server = await startServer();
  rows = new Database(join(server.home, 'governor.sqlite'));
});
afterEach(async () => {
  rows.close();
  await server.stop();
});

const slow = { input: { n: 0 }, config: { configurable: { steps: 100, ms: 30 } } };

test('a run that another process ended writes nothing under the lease of the next run here', async () => {
  const { client } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', slow);
  const n = async () => (await client.threads.getState<{ n?: number }>(thread_id)).values.n ?? 0;
  await until(async () => (await n()) >= 2, 'two steps');
  // What another process did while this one was frozen.
  rows.transaction(() => {
    rows.prepare('UPDATE threads SET epoch = epoch + 1 WHERE thread_id = ?').run(thread_id);
    rows.prepare("UPDATE thread_runs SET status = 'success', lease_until = NULL, lease_pid = NULL WHERE run_id = ?").run(run.run_id);
  })();
  expect(await client.runs.wait(thread_id, 'two', { input: { n: 1000 } })).toMatchObject({ n: 1002 });
  await new Promise((wake) => setTimeout(wake, 500));
  expect((await client.threads.getState(thread_id)).values).toMatchObject({ n: 1002 });
});

test('a rollback of a run that was given back takes back what it wrote', async () => {
  const { client, home } = server;
  const { thread_id } = await client.threads.create();
  await client.runs.wait(thread_id, 'two', { input: { n: 1 } });
  const before = await client.threads.getState(thread_id);
  const run = await client.runs.create(thread_id, 'slow', slow);
  const moved = async () =>
    (await client.threads.getState(thread_id)).checkpoint.checkpoint_id !== before.checkpoint.checkpoint_id ? true : undefined;
  await until(moved, 'a step');
  await server.serving.stop(0);
  const status = rows.prepare('SELECT status FROM thread_runs WHERE run_id = ?').pluck();
  expect(status.get(run.run_id)).toBe('pending');
  // Asked of a server of this home whose hands are full, and done by the next one.
  const full = await startServer({ home, limits: { concurrency: 0 } });
  await full.client.runs.cancel(thread_id, run.run_id, false, 'rollback');
  await full.stop();
  const next = await startServer({ home });
  await until(async () => (await next.client.threads.get(thread_id)).status === 'idle', 'the rollback');
  expect((await next.client.threads.getState(thread_id)).checkpoint).toEqual(before.checkpoint);
  expect(rows.prepare('SELECT count(*) FROM run_events WHERE run_id = ?').pluck().get(run.run_id)).toBe(0);
  expect(status.get(run.run_id)).toBeUndefined();
  await next.stop();
});

test('who asks only for the head of a stream holds no reader', async () => {
  const { client, url } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', slow);
  for (const what of ['stream', 'join', 'stream']) {
    const head = await fetch(`${url}/threads/${thread_id}/runs/${run.run_id}/${what}`, { method: 'HEAD' });
    expect(head.status).toBe(200);
  }
  const open = async () => /^governor_streams_open (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
  expect(await open()).toBe('0');
  await client.runs.cancel(thread_id, run.run_id, true);
});
