/** A governed thread over the real server with the official SDK: a goal, a gate, an answer, a release; and approvals from elsewhere. */
import { execFileSync } from 'node:child_process';
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOperations } from '../../../runtime/operations.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import type { World } from '../../story/world.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let shop: Shop;
let world: World;
let server: TestServer;
let client: Client;

beforeEach(async () => {
  shop = await openShop();
  world = shop.world;
  server = await startServer({ home: world.home, config: LANGGRAPH_JSON, env: KEY });
  client = new Client({ apiUrl: server.url });
});
afterEach(async () => {
  await server.stop();
  await shop.close();
});

async function atGate(): Promise<string> {
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const values = await client.runs.wait(thread_id, 'governor', { input: { goal: GOAL, repo: 'shop' } });
  expect(values).toMatchObject({
    __interrupt__: [{ id: expect.any(String), value: { gate: 'release', action_requests: [{ name: 'approve_release' }] } }],
  });
  return thread_id;
}

describe('over the official SDK', () => {
  test('a streamed goal waits at its gate, is shown as interrupted, and is released by a human-in-the-loop answer', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const seen: string[] = [];
    let last: unknown;
    for await (const { event, data } of client.runs.stream(thread_id, 'governor', {
      input: { goal: GOAL, repo: 'shop' },
      streamMode: ['values', 'updates'],
      streamSubgraphs: true,
    })) {
      seen.push(event);
      if (event === 'values') last = data;
    }
    expect(seen[0]).toBe('metadata');
    expect(seen.some((event) => event.startsWith('updates|build'))).toBe(true);
    expect(last).toMatchObject({ __interrupt__: [{ value: { kind: 'approval', gate: 'release' } }] });
    const thread = await client.threads.get(thread_id);
    expect(thread).toMatchObject({
      status: 'interrupted',
      values: { goal: GOAL, messages: [{ type: 'human', content: GOAL }, { type: 'ai' }, {}, {}, {}, {}] },
    });
    expect(Object.values(thread.interrupts).flat()).toHaveLength(1);
    const state = await client.threads.getState(thread_id);
    expect(state).toMatchObject({ next: ['approve_release'], tasks: [{ interrupts: [{ value: { gate: 'release' } }] }] });
    await expect(client.runs.wait(thread_id, 'governor', { command: { resume: 'yes' } })).rejects.toThrow(/422.*stays pending/);
    const done = await client.runs.wait(thread_id, 'governor', {
      input: {},
      command: { resume: { decisions: [{ type: 'approve' }] } },
      checkpoint: state.checkpoint as never, // as useStream sends it
    });
    expect(done).toMatchObject({ outcome: 'released' });
    expect(await client.threads.get(thread_id)).toMatchObject({ status: 'idle' });
    expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
    await expect(client.threads.delete(thread_id)).rejects.toThrow(/409/);
  });

  test('an approval by the command line is run by this server', async () => {
    const thread = await atGate();
    const operations = await openOperations({ home: world.home, env: { PATH: process.env['PATH'] ?? '' } });
    const gate = await operations.gate(thread);
    await operations.decide(thread, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
    // This process has no key for the model's endpoint; it does not need one.
    expect(await operations.goOn(thread)).toMatchObject({ status: 'released' });
    await operations.close();
    const [run] = await client.runs.list(thread);
    expect(run).toMatchObject({ status: 'success' });
  });

  test('the thread of a cancelled run can be gone on with, and the result object says so', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const run = await client.runs.create(thread_id, 'governor', { input: { goal: GOAL, repo: 'shop' } });
    await client.runs.cancel(thread_id, run.run_id, true);
    expect(await client.runs.get(thread_id, run.run_id)).toMatchObject({ status: 'interrupted' });
    const look = async () => (await fetch(`${server.url}/governor/threads/${thread_id}`)).json();
    expect(await look()).toMatchObject({ status: expect.stringMatching(/cancelled|running/) });
    await client.runs.wait(thread_id, 'governor', { input: null });
    expect(await look()).toMatchObject({ status: 'waiting' });
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: world.repo, encoding: 'utf8' })).toBe('');
  });
});

test('with keys: an operator starts, an approver answers by the standard resume, and neither does the other’s', async () => {
  const client = async (role: string) => {
    const keys = server.runtime.stores.served.keys;
    const { key } = await issueKey(keys, { tenant: 'acme', owner: `service:${role}`, roles: [role] });
    return new Client({ apiUrl: server.url, apiKey: key, callerOptions: { maxRetries: 0 } });
  };
  const local = server.url;
  const [operator, approver, viewer] = [await client('operator'), await client('approver'), await client('viewer')];
  expect((await fetch(`${local}/governor/overview`)).status).toBe(401);
  const { thread_id } = await operator.threads.create({ graphId: 'governor' });
  const input = { goal: GOAL, repo: 'shop' };
  await expect(approver.runs.wait(thread_id, 'governor', { input })).rejects.toThrow(/403/);
  await expect(approver.runs.create(thread_id, 'builder', { input })).rejects.toThrow(/403/);
  await operator.runs.wait(thread_id, 'governor', { input });
  const resume = [{ type: 'accept', args: null }];
  await expect(operator.runs.wait(thread_id, 'governor', { command: { resume } })).rejects.toThrow(/403.*approver/);
  await expect(viewer.runs.wait(thread_id, 'governor', { command: { resume } })).rejects.toThrow(/403/);
  await expect(approver.runs.wait(thread_id, 'governor', { command: { goto: 'deploy' } })).rejects.toThrow(/403/);
  await expect(operator.threads.updateState(thread_id, { values: { route: 'deploy' }, asNode: 'approve_release' })).rejects.toThrow(/403/);
  expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
  expect(await approver.runs.wait(thread_id, 'governor', { command: { resume } })).toMatchObject({ outcome: 'released' });
  const file = world.dossier(thread_id, '40-approval.1.json');
  expect(file).toMatchObject({ body: { by: { id: 'service:approver', role: 'approver', method: 'key' }, self_approved: false } });
});
