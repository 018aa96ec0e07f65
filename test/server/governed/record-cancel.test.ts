/** Stopping governed runs by the standard routes: who may, who did, and that the record is kept. */
import { join } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const INPUT = { goal: GOAL, repo: 'shop' };

let shop: Shop;
/** The command line's side of the same home. */
let runtime: Runtime;
let server: TestServer;
let operator: Client;
let viewer: Record<string, string>;

async function keyFor(owner: string, role: 'operator' | 'viewer'): Promise<Record<string, string>> {
  const { key } = await issueKey(runtime.stores.served.keys, { owner, roles: [role] });
  return { 'x-api-key': key };
}

async function begin(): Promise<void> {
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  const defaultHeaders = await keyFor('service:op', 'operator');
  operator = new Client({ apiUrl: server.url, apiKey: null, defaultHeaders, callerOptions: { maxRetries: 0 } });
}

beforeAll(async () => {
  shop = await openShop();
  runtime = await openRuntime({ home: shop.world.home, env: {} });
  viewer = await keyFor('service:eye', 'viewer');
  await begin();
});
afterAll(async () => {
  await server.stop();
  runtime.stores.close();
  await shop.close();
});

/** A run that waits for its planner, on a new thread or going on. */
async function held(threadId?: string): Promise<{ threadId: string; runId: string }> {
  const asked = new Promise<void>((resolve) => {
    shop.endpoint.fault = async () => {
      resolve();
      return new Promise(() => undefined);
    };
  });
  const thread = threadId ?? (await operator.threads.create()).thread_id;
  const run = await operator.runs.create(thread, 'governor', threadId === undefined ? { input: INPUT } : {});
  await asked;
  return { threadId: thread, runId: run.run_id };
}

const cancels = async (threadId: string) =>
  (await runtime.stores.audit.read({ threadId })).filter((record) => record.action === 'run-cancel');
const statusOf = async (threadId: string, runId: string) => (await operator.runs.get(threadId, runId)).status;

test('a viewer looks on, and does not stop a run by leaving', async () => {
  const { threadId, runId } = await held();
  for (const path of ['join?cancel_on_disconnect=true', 'stream?cancel_on_disconnect=1'])
    expect(await server.send('GET', `/threads/${threadId}/runs/${runId}/${path}`, undefined, viewer)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('service:eye has viewer; this needs one of operator') },
    });
  const leave = new AbortController();
  const stream = await fetch(`${server.url}/threads/${threadId}/runs/${runId}/stream`, { headers: viewer, signal: leave.signal });
  expect(stream.status).toBe(200);
  leave.abort();
  expect(await statusOf(threadId, runId)).toBe('running');
  await operator.runs.cancel(threadId, runId, true);
});

test('who cancels is on the record: by one route, by the other, and by leaving', async () => {
  const { threadId, runId } = await held();
  await operator.runs.cancel(threadId, runId, true);
  expect(await cancels(threadId)).toMatchObject([{ actor: 'service:op', facts: { run: runId } }]);
  expect(await statusOf(threadId, runId)).toBe('interrupted');
  await operator.runs.cancel(threadId, runId, true);
  expect(await cancels(threadId)).toHaveLength(1);

  const second = await held(threadId);
  await operator.runs.cancelMany({ runIds: [second.runId], action: 'rollback' });
  await expect.poll(() => statusOf(threadId, second.runId)).toBe('interrupted');
  expect((await cancels(threadId))[1]).toMatchObject({ actor: 'service:op', facts: { run: second.runId } });

  const third = await held(threadId);
  const leave = new AbortController();
  const joining = operator.runs.joinStream(threadId, third.runId, { cancelOnDisconnect: true, signal: leave.signal });
  await joining.next();
  leave.abort();
  await joining.return(undefined);
  await expect.poll(() => statusOf(threadId, third.runId)).toBe('interrupted');
  expect((await cancels(threadId))[2]).toMatchObject({ actor: 'service:op', facts: { run: third.runId, left: true } });
});

test('a rollback is refused, and takes no checkpoint where it comes too late to be refused', async () => {
  const { threadId, runId } = await held();
  await expect(operator.runs.cancel(threadId, runId, true, 'rollback')).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining('its record is kept'),
  });
  expect(await statusOf(threadId, runId)).toBe('running');
  await operator.runs.cancel(threadId, runId, true);
  const before = await operator.threads.getHistory(threadId, { limit: 100 });
  expect(before.length).toBeGreaterThan(1);

  // A worker that died with the run, and a rollback of another version of this server that nobody heard.
  await server.stop();
  const database = new Database(join(shop.world.home, 'governor.sqlite'));
  database.prepare("UPDATE thread_runs SET status = 'running', lease_until = 0, cancel = 'rollback' WHERE run_id = ?").run(runId);
  database.close();
  await begin();
  await expect.poll(() => statusOf(threadId, runId), { timeout: 10_000 }).toBe('interrupted');
  expect(await operator.threads.getHistory(threadId, { limit: 100 })).toEqual(before);
});
