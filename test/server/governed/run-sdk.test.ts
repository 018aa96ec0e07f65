/** A governed thread over the real server with the official SDK: a goal, a gate, an answer, a release; and approvals from elsewhere. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOperations } from '../../../runtime/operations.ts';
import { openRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { newKey } from '../../../server/auth/keys.ts';
import { LIMITS, type Serving, serve } from '../../../server/serve.ts';
import { type Endpoint, endpointConfig, openEndpoint } from '../../story/endpoint.ts';
import { HAPPY, makeWorld, type World } from '../../story/world.ts';

const GOAL = 'Add a product function with a test';

let endpoint: Endpoint;
let world: World;
let runtime: Runtime;
let serving: Serving;
let client: Client;

beforeEach(async () => {
  endpoint = await openEndpoint(HAPPY);
  world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
  mkdirSync(world.home, { recursive: true });
  writeFileSync(join(world.home, 'operator.yaml'), `repositories:\n  shop: ${world.repo}\n`);
  runtime = await openRuntime({ home: world.home, env: { PATH: process.env['PATH'] ?? '', OPENAI_API_KEY: 'sk-test-key' } });
  serving = await serve({ runtime, host: '127.0.0.1', port: 0, config: resolve('langgraph.json'), limits: LIMITS, log: () => undefined });
  client = new Client({ apiUrl: serving.url });
});
afterEach(async () => {
  await serving.stop(0);
  runtime.stores.close();
  await endpoint.close();
  world.dispose();
});

interface Waiting {
  readonly __interrupt__: readonly {
    readonly id: string;
    readonly value: { readonly gate: string; readonly action_requests: readonly { name: string }[] };
  }[];
}

async function atGate(): Promise<string> {
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const values = (await client.runs.wait(thread_id, 'governor', { input: { goal: GOAL, repo: 'shop' } })) as unknown as Waiting; // what wait answers
  expect(values.__interrupt__).toMatchObject([
    { id: expect.any(String), value: { gate: 'release', action_requests: [{ name: 'approve_release' }] } },
  ]);
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
    const look = async () => (await fetch(`${serving.url}/governor/threads/${thread_id}`)).json();
    expect(await look()).toMatchObject({ status: expect.stringMatching(/cancelled|running/) });
    await client.runs.wait(thread_id, 'governor', { input: null });
    expect(await look()).toMatchObject({ status: 'waiting' });
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: world.repo, encoding: 'utf8' })).toBe('');
  });
});

test('with keys: an operator starts, an approver answers by the standard resume, and neither does the other’s', async () => {
  const client = async (role: string) => {
    const { id, hash, key } = newKey();
    await runtime.stores.served.keys.create({
      id,
      hash,
      name: role,
      tenant: 'acme',
      owner: `service:${role}`,
      roles: [role],
      graphs: null,
      expiresAt: null,
    });
    return new Client({ apiUrl: serving.url, apiKey: key, callerOptions: { maxRetries: 0 } });
  };
  const local = serving.url;
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
