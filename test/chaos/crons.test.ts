/** Crons over two server processes and `kill -9`: every tick is one run, and a tick that a killed process had begun is made by the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dice } from '../dice.ts';
import { FULL } from '../full.ts';
import { type ServerProcess, startProcess } from '../server/process.ts';
import { until } from '../until.ts';

const KILLS = FULL ? 40 : 12;
const CRONS = 5;
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
const DIES = new URL('./cron-dies.mjs', import.meta.url).pathname;

let home: string;
const started: ServerProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-chaos-crons-'));
  writeFileSync(join(home, 'operator.yaml'), 'server:\n  crons: { minIntervalSeconds: 1 }\n');
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

async function start(): Promise<ServerProcess> {
  const server = await startProcess({ home });
  started.push(server);
  return server;
}

const everySecond = (server: ServerProcess, more: object = {}) =>
  server.client.crons.create('two', { schedule: '* * * * * *', onRunCompleted: 'keep', input: { n: 0 }, ...more });

interface Made {
  readonly cron: string;
  readonly tick: string;
  readonly runs: number;
}

/** Each tick that has runs, and how many. */
function made(): Made[] {
  const rows = new Database(join(home, 'governor.sqlite'), { readonly: true });
  const found = rows
    .prepare(
      `SELECT json_extract(metadata, '$.cron_id') AS cron, json_extract(metadata, '$.cron_tick') AS tick, COUNT(*) AS runs
       FROM thread_runs GROUP BY cron, tick ORDER BY cron, tick`,
    )
    .all() as Made[]; // the selected columns
  rows.close();
  return found;
}

test('two processes make one run of each tick, of every second one', async () => {
  const [first] = await Promise.all([start(), start()]);
  const crons = [];
  for (let count = 0; count < CRONS; count += 1) crons.push(await everySecond(first));
  await until(() => made().length >= CRONS * 8, 'eight seconds of ticks');
  for (const { cron_id } of crons) await first.client.crons.update(cron_id, { enabled: false });
  const all = made();
  expect(all.filter(({ runs }) => runs !== 1)).toEqual([]);
  for (const { cron_id } of crons) {
    const ticks = all.filter(({ cron }) => cron === cron_id).map(({ tick }) => Date.parse(tick));
    const gaps = ticks.slice(1).filter((tick, index) => tick - (ticks[index] ?? 0) !== 1000);
    // Nobody was killed: none was missed.
    expect(gaps).toEqual([]);
  }
});

test(`${KILLS} kills at random moments: no tick is made twice, and ticks go on (CHAOS_SEED=${SEED})`, async () => {
  const random = dice(SEED);
  let servers = await Promise.all([start(), start()]);
  for (let count = 0; count < CRONS; count += 1) await everySecond(servers[0] as ServerProcess); // two were started
  const since = Date.now();
  for (let kill = 0; kill < KILLS; kill += 1) {
    await new Promise((wake) => setTimeout(wake, 200 + random() * 900));
    const [victim, other] = random() < 0.5 ? servers : servers.toReversed();
    await victim?.end('SIGKILL');
    servers = [other as ServerProcess, await start()]; // two were there
  }
  const seconds = Math.floor((Date.now() - since) / 1000);
  await servers[0]?.end('SIGTERM');
  await servers[1]?.end('SIGTERM');
  const all = made();
  expect(all.filter(({ runs }) => runs !== 1)).toEqual([]);
  // A tick that was begun holds up the next ones until it is taken over, and of those the newest is made.
  expect(all.length).toBeGreaterThan((CRONS * seconds) / 3);
  const rows = new Database(join(home, 'governor.sqlite'), { readonly: true });
  expect(rows.prepare('SELECT COUNT(*) FROM crons WHERE last IS NULL OR last LIKE ?').pluck().get('%"error"%')).toBe(0);
  rows.close();
});

test.each(['cron:begin:after', 'cron:run:after'])('killed at %s, the tick is made by the next process, once', async (point) => {
  const first = await start();
  const cron = await everySecond(first, { schedule: '0 9 * * *' });
  await first.end('SIGTERM');
  const rows = new Database(join(home, 'governor.sqlite'));
  rows.prepare('UPDATE crons SET due_at = ? WHERE cron_id = ?').run(Date.now() - 5, cron.cron_id);
  const dying = spawn(process.execPath, ['--import', 'tsx', DIES, home, point], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(dying, 'exit')) as [number | null, string | null]; // node's event
  expect(signal).toBe('SIGKILL');
  const before = rows.prepare('SELECT tick_at, last FROM crons').get() as { tick_at: number | null; last: string | null };
  expect(made().length).toBe(point === 'cron:begin:after' ? 0 : 1);
  expect(before.tick_at === null).toBe(point === 'cron:run:after');
  await start();
  const run = await until(
    () =>
      rows.prepare("SELECT run_id, json_extract(metadata, '$.cron_tick') AS tick FROM thread_runs WHERE status = 'success'").get() as
        | { run_id: string; tick: string }
        | undefined,
    'the run of the tick',
  );
  await new Promise((wake) => setTimeout(wake, 2500));
  expect(made()).toMatchObject([{ cron: cron.cron_id, runs: 1 }]);
  if (before.tick_at !== null) expect(Date.parse(run.tick)).toBe(before.tick_at);
  expect(JSON.parse(String(rows.prepare('SELECT last FROM crons').pluck().get()))).toMatchObject({ runId: run.run_id, tick: run.tick });
  rows.close();
});
