/** What was acknowledged survives: kill -9, SIGTERM, a second process, a graph that kills its server. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { readStream, type ServerProcess, startProcess, type Told } from '../process.ts';

let home: string;
let ledger: string;
const started: ServerProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-durable-'));
  ledger = join(home, 'ledger');
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startProcess>[0]> = {}): Promise<ServerProcess> {
  const server = await startProcess({ home, ...options });
  started.push(server);
  return server;
}

const steps = (): string[] => {
  try {
    return readFileSync(ledger, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};
const slow = (count: number, ms = 60) => ({
  input: { n: 0 },
  config: { configurable: { steps: count, ms, ledger } },
  streamMode: ['values' as const],
});

test('a run that was running is taken over from its last checkpoint, and its stream goes on where it was', async () => {
  const first = await start();
  const { thread_id } = await first.client.threads.create();
  const run = await first.client.runs.create(thread_id, 'slow', slow(8));
  const path = `/threads/${thread_id}/runs/${run.run_id}/stream`;
  const told: Told[] = [];
  const cut = readStream(`${first.url}${path}`, -1, (event) => {
    told.push(event);
    return undefined;
  });
  await until(() => steps().length >= 3, 'three steps');
  await first.end('SIGKILL');
  expect(await cut).toBe('cut');

  const second = await start({ port: first.port });
  expect(await readStream(`${second.url}${path}`, told.at(-1)?.id ?? -1, (event) => void told.push(event))).toBe('ended');
  expect(told.map((event) => event.id)).toEqual(told.map((_event, index) => index));
  const values = told.filter((event) => event.event === 'values').map((event) => (JSON.parse(event.data) as { n: number }).n);
  // A step in flight may be told again by the second attempt; none is left out, and none goes back.
  expect([...new Set(values)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect((await second.client.runs.get(thread_id, run.run_id)).status).toBe('success');
  const state = await second.client.threads.getState<{ log: string[] }>(thread_id);
  expect(state.values.log).toEqual(Array.from({ length: 8 }, (_none, index) => `step ${index + 1}`));
  // At most the step that was under way ran twice.
  expect(steps().length).toBeLessThanOrEqual(9);
  expect([...new Set(steps())]).toHaveLength(8);
});

test('pending and waiting runs, threads, items and assistants are there after a kill', async () => {
  const first = await start({ args: ['--concurrency', '1'] });
  const { client } = first;
  const asked = await client.threads.create({ metadata: { owner: 'ada' } });
  await client.runs.wait(asked.thread_id, 'ask', { input: { n: 0 } });
  await client.store.putItem(['notes', 'ada'], 'one', { text: 'keep me' });
  const assistant = await client.assistants.create({ graphId: 'two', name: 'mine' });
  const busy = await client.threads.create();
  const ahead = await client.runs.create(busy.thread_id, 'slow', slow(3, 300));
  const behind = await client.runs.create(busy.thread_id, 'two', { input: { n: 10 } });
  const later = await client.runs.create((await client.threads.create()).thread_id, 'two', { input: { n: 20 }, afterSeconds: 1 });
  await first.end('SIGKILL');

  const { client: again } = await start({ port: first.port });
  expect((await again.store.getItem(['notes', 'ada'], 'one'))?.value).toEqual({ text: 'keep me' });
  expect((await again.assistants.get(assistant.assistant_id)).name).toBe('mine');
  const found = await again.threads.search({ metadata: { owner: 'ada' } });
  expect(found.map((thread) => [thread.thread_id, thread.status])).toEqual([[asked.thread_id, 'interrupted']]);
  for (const run of [ahead, behind, later]) await again.runs.join(run.thread_id, run.run_id);
  const ends = await Promise.all([ahead, behind, later].map((run) => again.runs.get(run.thread_id, run.run_id)));
  expect(ends.map((run) => run.status)).toEqual(['success', 'success', 'success']);
  const answered = await again.runs.wait(asked.thread_id, 'ask', { command: { resume: 'yes' } });
  expect(answered).toMatchObject({ log: ['first:"yes"'] });
});

test('an answer that was given once is not given to the next question after a kill', async () => {
  const first = await start();
  const { thread_id } = await first.client.threads.create();
  await first.client.runs.wait(thread_id, 'ask', { input: { n: 0 } });
  const run = await first.client.runs.create(thread_id, 'ask', { command: { resume: 'only once' } });
  await first.end('SIGKILL');
  const { client } = await start({ port: first.port });
  await client.runs.join(thread_id, run.run_id);
  const state = await client.threads.getState<{ log: string[] }>(thread_id);
  expect(state.values.log).toEqual(['first:"only once"']);
  expect(state.next).toEqual(['second']);
});

test('an answer and a fork that were taken in are not given again after a drain', async () => {
  const first = await start();
  const { client } = first;
  const { thread_id } = await client.threads.create();
  await client.runs.wait(thread_id, 'pause', { input: { n: 0 } });
  const answered = await client.runs.create(thread_id, 'pause', { command: { resume: 'only once' } });
  const forked = await client.threads.create();
  await client.runs.wait(forked.thread_id, 'slow', { input: { n: 0 }, config: { configurable: { steps: 1, ms: 1 } } });
  const before = (await client.threads.getHistory(forked.thread_id)).find((one) => one.next.includes('wait'));
  if (before === undefined) throw new Error('no checkpoint to fork from');
  const again = await client.runs.create(forked.thread_id, 'slow', { ...slow(9, 200), input: null, checkpoint: before.checkpoint });
  await until(
    async () => ((await client.threads.getState<{ log: string[] }>(thread_id)).values.log.length > 0 ? true : undefined),
    'the answer',
  );
  await until(() => steps().length >= 1, 'a step of the fork');
  const ended = first.end('SIGTERM');
  await new Promise((wake) => setTimeout(wake, 200));
  first.child.kill('SIGTERM');
  expect(await ended).toBe(0);
  const { client: next } = await start({ port: first.port });
  await next.runs.join(thread_id, answered.run_id);
  await next.runs.join(forked.thread_id, again.run_id);
  const state = await next.threads.getState<{ log: string[] }>(thread_id);
  expect([state.values.log, state.next]).toEqual([['first:"only once"'], ['second']]);
  // One step at most is done twice; a fork that began anew would do all of them again.
  expect(steps().length - new Set(steps()).size).toBeLessThanOrEqual(1);
}, 60_000);

test('SIGTERM lets a short run end, gives a long one back uncounted, and exits 0', async () => {
  const first = await start();
  const { client } = first;
  const short = await client.runs.create((await client.threads.create()).thread_id, 'slow', slow(2, 200));
  const long = await client.runs.create((await client.threads.create()).thread_id, 'slow', slow(40, 500));
  await until(() => steps().length >= 2, 'two steps');
  const ended = first.end('SIGTERM');
  await new Promise((wake) => setTimeout(wake, 800));
  first.child.kill('SIGTERM');
  expect(await ended).toBe(0);
  const second = await start({ port: first.port });
  expect((await second.client.runs.get(short.thread_id, short.run_id)).status).toBe('success');
  const running = await second.client.runs.get(long.thread_id, long.run_id);
  expect(running.status).toBe('running');
  const events: Told[] = [];
  await readStream(`${second.url}/threads/${long.thread_id}/runs/${long.run_id}/stream`, -1, (event) => {
    events.push(event);
    return events.filter((one) => one.event === 'metadata').length < 2;
  });
  expect(events.filter((one) => one.event === 'metadata').map((one) => JSON.parse(one.data) as unknown)).toEqual([
    { run_id: long.run_id, attempt: 1 },
    { run_id: long.run_id, attempt: 1 },
  ]);
}, 60_000);

test('two processes on one home: each sees all, and one takes over what the other was killed in', async () => {
  const [one, other] = [await start(), await start()];
  const { thread_id } = await one.client.threads.create();
  // Whoever claims it: the killed one is the one that worked on it.
  const run = await one.client.runs.create(thread_id, 'slow', slow(10, 100));
  expect((await other.client.runs.get(thread_id, run.run_id)).run_id).toBe(run.run_id);
  await until(() => steps().length >= 2, 'two steps');
  await one.end('SIGKILL');
  await other.client.runs.join(thread_id, run.run_id);
  expect((await other.client.runs.get(thread_id, run.run_id)).status).toBe('success');
  expect([...new Set(steps())]).toHaveLength(10);
  expect(steps().length).toBeLessThanOrEqual(11);
});

test('a run that kills its server three times is given up, and its state is kept', async () => {
  let server = await start();
  const { thread_id } = await server.client.threads.create();
  await server.client.runs.wait(thread_id, 'two', { input: { n: 1 } });
  const run = await server.client.runs.create(thread_id, 'deadly', { input: { n: 5 } }).catch(() => undefined);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await until(() => server.child.signalCode === 'SIGKILL', `kill ${attempt}`);
    server = await startProcess({ home, port: server.port }).catch(() => server);
    started.push(server);
  }
  const runs = await until(async () => {
    const [last] = await server.client.runs.list(thread_id).catch(() => []);
    return last?.status === 'error' ? last : undefined;
  }, 'the run to be given up');
  expect(run === undefined || runs.run_id === run.run_id).toBe(true);
  const thread = await server.client.threads.get<{ n: number }>(thread_id);
  expect(thread.status).toBe('error');
  expect(thread.values.n).toBe(5);
  expect(await server.client.runs.join(thread_id, runs.run_id)).toMatchObject({
    __error__: { error: 'Error', message: expect.stringMatching(/begun 3 times and never ended/) },
  });
});
