/** RemoteGraph on `governor` itself: as protocol v2 streams it, what it reads of a thread, and what it may not write. */
import { Command } from '@langchain/langgraph';
import { RemoteGraph } from '@langchain/langgraph/remote';
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY } from '../../story/world.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

let shop: Shop;
let server: TestServer;
beforeEach(async () => {
  shop = await openShop({ replies: HAPPY });
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
});
afterEach(async () => {
  await server.stop();
  await shop.close();
});

const input = { goal: GOAL, repo: 'shop' };
const merges = (): string => shop.world.git('rev-list', '--merges', '--count', 'main');
const remoteOf = (apiKey: string | null = null) => {
  const client = new Client({ apiUrl: server.url, apiKey, callerOptions: { maxRetries: 0 } });
  return { client, remote: new RemoteGraph({ graphId: 'governor', client }) };
};

test('streamEvents v3 tells the run to its gate, and takes an answer as Command', async () => {
  const { client, remote } = remoteOf();
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const config = { configurable: { thread_id }, version: 'v3' as const };
  const run = await remote.streamEvents(input, config);
  const nodes: unknown[] = [];
  for await (const { method, params } of run) if (method === 'updates') nodes.push(Object(params)['node']);
  expect(nodes).toEqual(expect.arrayContaining(['baseline', 'plan', 'build', 'review_rules', 'review_critic']));
  expect([run.interrupted, run.interrupts]).toMatchObject([true, [{ payload: { gate: 'release' } }]]);
  await remote.streamEvents(new Command({ resume: { decisions: [{ type: 'approve' }] } }), config);
  // The client reads the thread's stream from its beginning, and takes the gate in it for the end: its `output` is of then.
  const [decided] = await client.runs.list(thread_id);
  await client.runs.join(thread_id, decided?.run_id ?? '');
  expect(await remote.getState(config)).toMatchObject({ next: [], values: { outcome: 'released' } });
  expect(merges()).toBe('1');
});

test('reads the state and the history of a thread, and nobody but an admin with a second one writes to it', async () => {
  const { client, remote } = remoteOf();
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const config = { configurable: { thread_id } };
  await expect(remote.invoke(input, config)).rejects.toMatchObject({ interrupts: [{ value: { gate: 'release' } }] });
  const state = await remote.getState(config);
  expect(state).toMatchObject({ next: ['approve_release'], values: { goal: GOAL, outcome: null }, metadata: expect.any(Object) });
  expect(state.tasks).toMatchObject([{ name: 'approve_release', interrupts: [{ value: { gate: 'release' } }] }]);
  const history = [];
  for await (const one of remote.getStateHistory(config, { limit: 3 })) history.push(one);
  expect(history.map(({ next }) => next)).toEqual([['approve_release'], ['review_critic'], ['review_rules']]);

  const { keys } = server.runtime.stores.served;
  for (const role of ['viewer', 'operator', 'approver', 'admin']) {
    const { key } = await issueKey(keys, { owner: `service:${role}`, roles: [role] });
    const writing = remoteOf(key).remote.updateState(config, { route: 'deploy', releaseApproval: 'forged' }, 'approve_release');
    await expect(writing, role).rejects.toThrow(/HTTP 403/);
  }
  const [admin] = [await issueKey(keys, { owner: 'service:reader', roles: ['admin'] })];
  expect(await remoteOf(admin.key).remote.getState(config)).toMatchObject({ values: { route: 'approve_release', releaseApproval: null } });
  expect(merges()).toBe('0');
});
