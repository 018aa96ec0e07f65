/** Protocol v2 on the graph `governor` itself, with the official SDK: a goal, a gate, decisions by its caller, and what agents say. */

import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { critic, HAPPY, PRODUCT, submit, write } from '../../story/world.ts';
import { issueKey } from '../issue-key.ts';
import { ALL, asked, command, isOver, openStream, type Reading, roots } from '../protocol-client.ts';
import { startServer, type TestServer } from '../serving.ts';

let shop: Shop;
let server: TestServer;
const streams: Reading[] = [];
beforeEach(async () => {
  shop = await openShop();
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await server.stop();
  await shop.close();
});

const open = (id: string, headers?: Record<string, string>, channels: readonly string[] = ALL): Reading => {
  const stream = openStream(server.url, id, { channels }, headers);
  streams.push(stream);
  return stream;
};

async function atGate(): Promise<{ id: string; stream: Reading; question: string }> {
  const { thread_id: id } = await server.client.threads.create();
  const stream = open(id);
  const params = { assistant_id: 'governor', input: { goal: GOAL, repo: 'shop' } };
  expect(await command(server.url, id, 'run.start', { params })).toMatchObject({ status: 200, body: { type: 'success' } });
  await stream.until(isOver, 'the gate');
  return { id, stream, question: asked(stream.events)[0] ?? '' };
}

/** The next attempt changes something, and is as good. */
const AGAIN = [write(2, 1, 'src/product.js', `${PRODUCT}// times\n`), submit(2, 2), critic(2)];
const approve = { decisions: [{ type: 'approve' }] };
const respond = (id: string, interrupt_id: string, response: unknown, headers: Record<string, string> = {}, more: object = {}) =>
  command(server.url, id, 'input.respond', { params: { namespace: [], interrupt_id, response, ...more }, headers });

test('the SDK runs to the gate, is asked, approves, and is told of the release; no model’s request is among the events', async () => {
  const thread = server.client.threads.stream({ assistantId: 'governor' });
  const events = await thread.subscribe({ channels: ['lifecycle', 'input', 'values'] });
  const drain = async () => {
    for await (const event of events) void event;
  };
  await thread.run.start({ input: { goal: GOAL, repo: 'shop' } });
  await drain();
  expect(thread.interrupts).toMatchObject([
    { payload: { kind: 'approval', gate: 'release', action_requests: [{ name: 'approve_release' }] } },
  ]);
  await thread.input.respond({ namespace: [], interrupt_id: thread.interrupts[0]?.interruptId ?? '', response: approve });
  await drain();
  expect(await thread.state.get({ namespace: [] })).toMatchObject({
    values: { outcome: 'released', messages: expect.arrayContaining([expect.objectContaining({ content: GOAL })]) },
  });
  expect(shop.world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
  expect(await thread.agent.getTree()).toMatchObject({ tree: { status: 'completed', graph_name: 'governor' } });

  const all = open(thread.threadId);
  await all.until((told) => roots(told).length === 4, 'all of it');
  expect(roots(all.events)).toEqual(['running', 'interrupted', 'running', 'completed']);
  const of = (method: string) => all.events.filter((event) => event.method === method);
  const tools = of('tools').map(({ params }) => params.data);
  for (const event of [
    { event: 'tool-started', tool_name: 'submit_plan' },
    { event: 'tool-started', tool_name: 'submit_build' },
    { event: 'tool-finished' },
  ])
    expect(tools).toContainEqual(expect.objectContaining(event));
  const messages = of('messages').map(({ params }) => params.data['event']);
  expect(messages.filter((event) => event === 'message-start').length).toBe(messages.filter((event) => event === 'message-finish').length);
  expect(of('custom').every(({ params }) => params.data['name'] === 'governor/agent')).toBe(true);
  expect(
    of('lifecycle')
      .filter(({ params }) => params.namespace.length > 0)
      .map(({ params }) => params.data),
  ).toEqual(
    expect.arrayContaining([
      { event: 'started', graph_name: 'plan' },
      { event: 'completed', graph_name: 'build' },
    ]),
  );
  expect(of('checkpoints').length).toBeGreaterThan(5);
  // What the endpoint was sent: its system prompt stands in no event.
  const sent = shop.endpoint.seen.flatMap(({ body }) => body.messages).filter(({ role }) => role === 'system');
  expect(sent.length).toBeGreaterThan(3);
  const told = JSON.stringify(all.events);
  for (const { content } of sent) expect(told).not.toContain(JSON.stringify(content).slice(1, 80));
  await thread.close();
});

test('two clients: one rejects with a comment, both see the next attempt come to the gate, the other approves', async () => {
  shop.endpoint.replies = [...HAPPY, ...AGAIN];
  const { id, stream, question } = await atGate();
  const other = open(id);
  expect((await respond(id, question, { decisions: [{ type: 'reject' }] })).body).toMatchObject({
    type: 'error',
    error: 'invalid_argument',
    message: expect.stringContaining('needs a comment'),
  });
  expect((await respond(id, question, { decisions: [{ type: 'reject', message: 'name it times' }] })).body).toMatchObject({
    type: 'success',
  });
  await other.until((events) => asked(events).length === 2 && isOver(events), 'the next gate');
  const [, second = ''] = asked(other.events);
  expect(second).not.toBe(question);
  expect((await respond(id, question, approve)).body).toMatchObject({ error: 'no_such_interrupt' });
  expect((await respond(id, second, approve)).body).toMatchObject({ type: 'success' });
  for (const reader of [stream, other]) await reader.until((events) => roots(events).at(-1) === 'completed', 'the release');
  expect(JSON.stringify(other.events)).toBe(JSON.stringify(stream.events));
});

test('at a gate only who may decide does, as who he is; an answer goes without goto and update; an input decides nothing', async () => {
  const { keys } = server.runtime.stores.served;
  const of = async (role: string, owner: string) => ({ 'x-api-key': (await issueKey(keys, { roles: [role], owner })).key });
  const { id, stream, question } = await atGate();
  const [viewer, operator, approver] = [
    await of('viewer', 'service:v'),
    await of('operator', 'service:o'),
    await of('approver', 'service:a'),
  ];
  const start = (input: unknown) =>
    command(server.url, id, 'run.start', { params: { assistant_id: 'governor', input }, headers: operator });
  expect(await respond(id, question, approve, viewer)).toMatchObject({ status: 403, body: { error: 'permission_denied' } });
  expect(await respond(id, question, approve, operator)).toMatchObject({ status: 403 });
  expect(await respond(id, question, 'yes', approver)).toMatchObject({
    body: { error: 'invalid_argument', message: expect.stringContaining('stays pending') },
  });
  for (const more of [{ goto: 'deploy' }, { update: { outcome: 'released' } }])
    expect(await respond(id, question, approve, approver, more)).toMatchObject({
      body: { error: 'invalid_argument', message: expect.stringContaining('goes alone') },
    });
  expect((await start(approve)).body).toMatchObject({ type: 'error' });
  expect(await command(server.url, id, 'state.get', { headers: viewer })).toMatchObject({ body: { result: { values: { goal: GOAL } } } });
  expect(shop.world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
  expect(roots(stream.events)).toEqual(['running', 'interrupted']);
  expect(await respond(id, question, approve, approver)).toMatchObject({ status: 200, body: { type: 'success' } });
  const reading = open(id, viewer);
  await reading.until((events) => roots(events).at(-1) === 'completed', 'the release');
  const [row] = await server.runtime.stores.approvals.list({ threadId: id });
  expect(row?.votes.map(({ by }) => by.id)).toEqual(['service:a']);
});

test('a thread that was begun and approved by the older API is told to protocol v2 alike', async () => {
  const client = new Client({ apiUrl: server.url });
  const { thread_id } = await client.threads.create();
  await client.runs.wait(thread_id, 'governor', { input: { goal: GOAL, repo: 'shop' } });
  const stream = open(thread_id, undefined, ['lifecycle', 'input', 'values', 'custom:governor/agent']);
  await stream.until(isOver, 'the gate');
  expect(asked(stream.events)).toHaveLength(1);
  expect(stream.events.some(({ method }) => method === 'custom')).toBe(true);
  await client.runs.wait(thread_id, 'governor', { command: { resume: approve } });
  await stream.until((events) => roots(events).at(-1) === 'completed', 'the release');
  expect(stream.events.filter(({ method }) => method === 'values').at(-1)?.params.data).toMatchObject({ outcome: 'released' });
});
