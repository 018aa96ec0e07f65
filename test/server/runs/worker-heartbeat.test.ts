/** A heartbeat that cannot be written stops nothing, and each one that is missed is told once. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
let database: Sqlite.Database;
beforeEach(async () => {
  server = await startServer();
  database = new Sqlite(join(server.home, 'governor.sqlite'));
});
afterEach(async () => {
  database.close();
  await server.stop();
});

/** The database refuses each heartbeat and nothing else. It says which one it was: the lease that it would have written. */
const refuseBeats = (): unknown =>
  database.exec(
    `CREATE TRIGGER no_beat BEFORE UPDATE OF lease_until ON thread_runs
     WHEN OLD.status = 'running' AND NEW.status = 'running' AND NEW.epoch IS OLD.epoch AND NEW.lease_until IS NOT NULL
     BEGIN SELECT RAISE(ABORT, 'refused ' || NEW.lease_until); END`,
  );
const leaseOf = (runId: string): unknown => database.prepare('SELECT lease_until FROM thread_runs WHERE run_id = ?').pluck().get(runId);

test('heartbeats that throw stop nothing: the run ends well, and each miss is logged once', async () => {
  const { client } = server;
  const { thread_id } = await client.threads.create();
  refuseBeats();
  const run = await client.runs.create(thread_id, 'slow', { input: { n: 0 }, config: { configurable: { steps: 2, ms: 2200 } } });
  expect(await client.runs.join(thread_id, run.run_id)).toMatchObject({ n: 2, log: ['step 1', 'step 2'] });
  expect(await client.runs.get(thread_id, run.run_id)).toMatchObject({ status: 'success' });
  const told = `warn: run ${run.run_id}: no heartbeat: refused `;
  const missed = server.logged.map((line) => Number(line.slice(told.length)));
  expect(server.logged).toEqual(missed.map((until) => `${told}${until}`));
  // One a second, each of them once.
  expect(missed.length).toBeGreaterThanOrEqual(3);
  expect(new Set(missed).size).toBe(missed.length);
});

test('a heartbeat after one that was missed holds the lease again, and still hears that the run is cancelled', async () => {
  const { client } = server;
  const { thread_id } = await client.threads.create();
  refuseBeats();
  const run = await client.runs.create(thread_id, 'slow', { input: { n: 0 }, config: { configurable: { steps: 1, ms: 30_000 } } });
  await expect.poll(() => leaseOf(run.run_id), { timeout: 10_000 }).not.toBe(null);
  const before = leaseOf(run.run_id);
  await expect.poll(() => server.logged.length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(leaseOf(run.run_id)).toBe(before);
  database.exec('DROP TRIGGER no_beat');
  const misses = server.logged.length;
  await expect.poll(() => leaseOf(run.run_id), { timeout: 10_000 }).not.toBe(before);
  // As another process of this home asks for it.
  database.prepare("UPDATE thread_runs SET cancel = 'interrupt' WHERE run_id = ?").run(run.run_id);
  await client.runs.join(thread_id, run.run_id);
  expect(await client.runs.get(thread_id, run.run_id)).toMatchObject({ status: 'interrupted' });
  expect(server.logged).toHaveLength(misses);
});

test('a run that was given back and cannot ask at its beginning whether it was cancelled begins all the same', async () => {
  const { client } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', {
    input: { n: 0 },
    config: { configurable: { steps: 1, ms: 100 } },
    afterSeconds: 1,
  });
  refuseBeats();
  database.prepare('UPDATE thread_runs SET mark_checkpoints = 0, mark_writes = 0 WHERE run_id = ?').run(run.run_id);
  expect(await client.runs.join(thread_id, run.run_id)).toMatchObject({ n: 1 });
  expect(await client.runs.get(thread_id, run.run_id)).toMatchObject({ status: 'success' });
  expect(server.logged[0]).toContain(`run ${run.run_id}: no heartbeat`);
});
