/** A governed thread that the command line drives while a server of the same home has a run of it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Operations } from '../../../runtime/operations.ts';
import { LANGGRAPH_JSON } from '../../story/shop.ts';
import { HAPPY, makeWorld, type World } from '../../story/world.ts';
import { until } from '../../until.ts';
import { startServer, type TestServer } from '../serving.ts';

let world: World;
let server: TestServer;
let operations: Operations;
beforeEach(async () => {
  world = makeWorld({ replies: HAPPY.map((reply) => ({ ...reply, delayMs: 250 })) });
  operations = await world.open();
  server = await startServer({ home: world.home, config: LANGGRAPH_JSON });
});
afterEach(async () => {
  await server.stop();
  await operations.close();
  world.dispose();
});

async function driven(): Promise<{ threadId: string; runId: string; cli: ReturnType<Operations['resume']> }> {
  const { threadId } = await operations.create({
    goal: 'Add a product function with a test',
    repo: world.repo,
    scriptFile: world.script,
  });
  const cli = operations.resume(threadId);
  await until(async () => (await operations.result(threadId)).spend.model_calls >= 1, 'a first answer');
  const run = await server.client.runs.create(threadId, 'governor', { input: null });
  await until(async () => (await server.client.runs.get(threadId, run.run_id)).status === 'running', 'the run');
  return { threadId, runId: run.run_id, cli };
}

test('cancelling the run stops the thread, whoever drives it', async () => {
  const { threadId, runId, cli } = await driven();
  await server.client.runs.cancel(threadId, runId, true);
  expect(await cli).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED', resumable: true } });
  expect((await server.client.runs.get(threadId, runId)).status).toBe('interrupted');
  expect(await server.client.threads.get(threadId)).toMatchObject({ status: 'interrupted' });
  expect(await server.client.runs.wait(threadId, 'governor', { input: null })).toMatchObject({
    __interrupt__: [{ value: { gate: 'release' } }],
  });
});

test('a server that stops leaves alone what the command line drives, and its run waits for the next server', async () => {
  const { threadId, runId, cli } = await driven();
  await server.stop();
  server = await startServer({ home: world.home, config: LANGGRAPH_JSON });
  expect(await cli).toMatchObject({ status: 'waiting' });
  expect(await server.client.runs.join(threadId, runId)).toMatchObject({ __interrupt__: [{ value: { gate: 'release' } }] });
});

test('a run that was given back, and is cancelled before it goes on, leaves its thread cancelled', async () => {
  const { threadId } = await operations.create({
    goal: 'Add a product function with a test',
    repo: world.repo,
    scriptFile: world.script,
  });
  const run = await server.client.runs.create(threadId, 'governor', { input: null });
  await until(async () => (await operations.result(threadId)).spend.model_calls >= 1, 'a first answer');
  await server.stop();
  expect(await operations.result(threadId)).toMatchObject({ status: 'running' });
  const full = await startServer({ home: world.home, config: LANGGRAPH_JSON, limits: { concurrency: 0 } });
  await full.client.runs.cancel(threadId, run.run_id);
  await full.stop();
  server = await startServer({ home: world.home, config: LANGGRAPH_JSON });
  await server.client.runs.join(threadId, run.run_id);
  expect((await server.client.runs.get(threadId, run.run_id)).status).toBe('interrupted');
  expect(await operations.result(threadId)).toMatchObject({ status: 'cancelled', reason: { code: 'CANCELLED', resumable: true } });
});
