/** Faults of the machine under a live server: a full disk, a locked database, a process that is frozen past its leases. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStream, type ServerProcess, startProcess, type Told } from '../server/process.ts';
import { until } from '../until.ts';

let home: string;
let started: ServerProcess[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-server-faults-'));
  started = [];
});
afterEach(async () => {
  for (const server of started) {
    server.child.kill('SIGCONT');
    await server.end('SIGKILL');
  }
  rmSync(home, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startProcess>[0]> = {}): Promise<ServerProcess> {
  const server = await startProcess({ home, ...options });
  started.push(server);
  return server;
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));
const ledger = (): string => join(home, 'ledger');
const steps = (): string[] => (existsSync(ledger()) ? readFileSync(ledger(), 'utf8').trim().split('\n') : []);
const childOf = (pid: number): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
const slow = (count: number, ms: number, withLedger = true) => ({
  input: { n: 0 },
  config: { recursion_limit: 1000, configurable: { steps: count, ms, ...(withLedger ? { ledger: ledger() } : {}) } },
});

/** The whole stream of a run, from wherever it stands to its end. */
async function whole(server: ServerProcess, threadId: string, runId: string): Promise<Told[]> {
  const told: Told[] = [];
  await until(
    async () =>
      (await readStream(
        `${server.url}/threads/${threadId}/runs/${runId}/stream`,
        told.at(-1)?.id ?? -1,
        (event) => void told.push(event),
      )) === 'ended'
        ? true
        : undefined,
    `run ${runId} to end`,
    { ms: 60_000 },
  );
  expect(told.map((event) => event.id)).toEqual(told.map((_event, index) => index));
  return told;
}

test('a full disk: refused before anything is acknowledged, the server lives, and with space again every run goes on', async () => {
  // A file system of 8 MB over the home; the test reaches it by the process that sees it.
  const server = await start({ under: ['bwrap', '--die-with-parent', '--dev-bind', '/', '/', '--size', '8000000', '--tmpfs', home] });
  const inside = join('/proc', childOf(server.child.pid ?? 0), 'root', home);
  const { client } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', slow(40, 100, false));
  const told: Told[] = [];
  const reading = readStream(`${server.url}/threads/${thread_id}/runs/${run.run_id}/stream`, -1, (event) => void told.push(event));
  await until(() => told.length >= 4, 'events');
  const space = statfsSync(inside);
  expect(space.blocks * space.bsize).toBeLessThan(9_000_000);
  writeFileSync(join(inside, 'filler'), Buffer.alloc(Math.max(0, space.bavail * space.bsize - 8 * 1024)));
  const acknowledged: string[] = [];
  const refused: number[] = [];
  for (let tries = 0; tries < 40; tries += 1) {
    const text = 'x'.repeat(4000);
    const answer = await fetch(`${server.url}/threads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { text } }),
    });
    if (answer.ok) acknowledged.push(((await answer.json()) as { thread_id: string }).thread_id);
    else refused.push(answer.status);
    await pause(50);
  }
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every((status) => status >= 500)).toBe(true);
  expect(server.child.exitCode).toBe(null);
  rmSync(join(inside, 'filler'));
  const end = await until(
    async () => {
      const now = await client.runs.get(thread_id, run.run_id);
      return now.status === 'pending' || now.status === 'running' ? undefined : now;
    },
    'the run to end',
    { ms: 60_000 },
  );
  expect(await reading).toBe('ended');
  for (const id of acknowledged) expect((await client.threads.get(id)).thread_id).toBe(id);
  expect(end.status).toBe('success');
  expect((await whole(server, thread_id, run.run_id)).at(-1)?.event).toBe('values');
  expect(await client.runs.wait(thread_id, 'two', { input: { n: 1 } })).toMatchObject({ n: 3 });
});

test('a database that another process has locked for 10 s delays, and loses nothing', async () => {
  const server = await start();
  const { client } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', slow(8, 100));
  await until(() => steps().length >= 2, 'two steps');
  const other = new Sqlite(join(home, 'governor.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const asked = client.threads.create({ metadata: { asked: true } });
  await pause(10_000);
  other.exec('COMMIT');
  other.close();
  expect((await client.threads.get((await asked).thread_id)).metadata).toMatchObject({ asked: true });
  const told = await whole(server, thread_id, run.run_id);
  expect(told.filter((event) => event.event === 'metadata')).toHaveLength(1);
  expect(steps()).toHaveLength(8);
  expect((await client.runs.get(thread_id, run.run_id)).status).toBe('success');
});

test('a request on a kept connection is answered, however long a locked database held the server since', async () => {
  const server = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ok = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get(`${server.url}/ok`, { agent }, (answer) => answer.resume().once('end', () => resolve(answer.statusCode))).once('error', reject);
    });
  expect(await ok()).toBe(200);
  const other = new Sqlite(join(home, 'governor.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const asked = server.client.threads.create(); // holds the event loop of the server until the lock is free
  await pause(500);
  const second = ok();
  second.catch(() => undefined);
  await pause(8000);
  other.exec('COMMIT');
  other.close();
  expect(await second).toBe(200);
  expect((await asked).status).toBe('idle');
  agent.destroy();
});

test('a database that is locked for longer than a heartbeat waits: the miss is told once, and the run ends well', async () => {
  // One run at a time, and the first upkeep over: the first to wait for the lock is the heartbeat, long before the node has something to write.
  const server = await start({ args: ['--concurrency', '1'] });
  await pause(1000);
  const { client } = server;
  const { thread_id } = await client.threads.create();
  const run = await client.runs.create(thread_id, 'slow', slow(1, 8000));
  const begun = (event: { event: string }): boolean => event.event !== 'values';
  expect(await readStream(`${server.url}/threads/${thread_id}/runs/${run.run_id}/stream`, -1, begun)).toBe('stopped');
  await pause(1000);
  const other = new Sqlite(join(home, 'governor.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const told = (): string[] =>
    server
      .stderr()
      .split('\n')
      .filter((line) => line.includes('no heartbeat'));
  await until(() => told().length > 0, 'the miss', { ms: 50_000 });
  other.exec('COMMIT');
  other.close();
  const stream = await whole(server, thread_id, run.run_id);
  expect(stream.filter((event) => event.event === 'metadata').map((event) => JSON.parse(event.data))).toEqual([
    { run_id: run.run_id, attempt: 1 },
  ]);
  expect(steps()).toEqual(['1']);
  expect((await client.runs.get(thread_id, run.run_id)).status).toBe('success');
  expect(told().map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ message: `run ${run.run_id}: no heartbeat: database is locked` }),
  ]);
});

test('a server that was frozen past its leases and thawed writes nothing more to runs that another one took over', async () => {
  const frozen = await start();
  const { thread_id } = await frozen.client.threads.create();
  const run = await frozen.client.runs.create(thread_id, 'slow', slow(150, 100));
  await until(() => steps().length >= 2, 'two steps');
  const other = await start();
  frozen.child.kill('SIGSTOP');
  const before = steps().length;
  const next = await other.client.runs.create(thread_id, 'two', { input: { n: 1000 } });
  await until(
    async () => {
      const told = await other.client.runs.get(thread_id, run.run_id);
      return told.status === 'running' && steps().length > before + 5 ? true : undefined;
    },
    'the other one to take it over',
    { ms: 40_000 },
  );
  frozen.child.kill('SIGCONT');
  const told = await whole(other, thread_id, run.run_id);
  expect(
    told.filter((event) => event.event === 'metadata').map((event) => (JSON.parse(event.data) as { attempt: number }).attempt),
  ).toEqual([1, 2]);
  expect(steps().length).toBeLessThanOrEqual(152);
  await other.client.runs.join(thread_id, next.run_id);
  const state = await frozen.client.threads.getState<{ n: number; log: string[] }>(thread_id);
  expect(state.values.n).toBe(1002);
  expect(state.values.log).toHaveLength(152);
  expect(frozen.child.exitCode).toBe(null);
  expect(await frozen.client.runs.wait(thread_id, 'two', { input: { n: 1 } })).toMatchObject({ n: 3 });
});
