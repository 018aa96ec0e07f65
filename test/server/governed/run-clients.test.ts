/**
 * Other official clients on `governor` itself: RemoteGraph as a node (LangGraph.js 1.7.3, pregel/remote), `@ag-ui/langgraph`
 * (ag-ui-protocol/ag-ui 821b8c2, integrations/langgraph/typescript/src/agent.ts: `prepareStream`, `langGraphDefaultMergeState`,
 * `handleSingleEvent`), the Python SDK (langchain-ai/langgraph f09cfe8, libs/sdk-py/langgraph_sdk/_sync/runs.py).
 */
import { Annotation, Command, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { RemoteGraph } from '@langchain/langgraph/remote';
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY } from '../../story/world.ts';
import { startServer, type TestServer } from '../serving.ts';
import { all, type Told } from '../sse.ts';

const SECRET = `ghp_${'a1B2c3'.repeat(6)}`;
const WORDS = `I write the function; the token ${SECRET} stays here.`;
const REPLIES = HAPPY.map((reply) => (reply.role === 'lead' && reply.call === 1 ? { ...reply, text: WORDS } : reply));
const PROMPTS = ['You are', 'This is plan 1', 'The difference, as data'];

let shop: Shop;
let server: TestServer;
let client: Client;
beforeEach(async () => {
  shop = await openShop({ replies: REPLIES });
  shop.endpoint.pieceCharacters = 7;
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  client = new Client({ apiUrl: server.url, apiKey: null, callerOptions: { maxRetries: 0 } });
});
afterEach(async () => {
  await server.stop();
  await shop.close();
});

const input = { goal: GOAL, repo: 'shop' };
const released = () => shop.world.git('rev-list', '--merges', '--count', 'main');

async function approve(threadId: string): Promise<void> {
  const [gate] = (await (await fetch(`${server.url}/governor/approvals`)).json()) as { approval_id: string; subject: { digest: string } }[]; // the gate that waits
  const answer = await server.send('POST', `/governor/approvals/${gate?.approval_id}`, {
    decision: 'approved',
    subject: gate?.subject.digest,
  });
  expect(answer.status).toBe(200);
  await client.runs.join(threadId, Object(answer.body)['run_id']);
}

test('RemoteGraph as a node: its parent waits with the gate, and is not done until the gate was passed', async () => {
  const State = Annotation.Root({ goal: Annotation<string>(), repo: Annotation<string>(), outcome: Annotation<string>() });
  const parent = new StateGraph(State)
    .addNode('remote', new RemoteGraph({ graphId: 'governor', client }))
    .addNode('after', ({ outcome }) => ({ outcome: `after ${outcome}` }))
    .addEdge(START, 'remote')
    .addEdge('remote', 'after')
    .compile({ checkpointer: new MemorySaver() });
  const threadId = '5b0a6e0c-6d5f-4d7f-9d4c-1d1f0c3a0002';
  const config = { configurable: { thread_id: threadId } };
  const asked = async () => (await parent.getState(config)).tasks.flatMap((task) => task.interrupts.map((one) => Object(one.value).gate));
  await parent.invoke(input, config);
  expect(await asked()).toEqual(['release']);
  // Asked again while the gate is pending: the run itself does nothing, and must not look like an end.
  for (const again of [null, new Command<unknown, never, never>({ resume: 'yes, ship it' })]) {
    expect(await parent.invoke(again, config)).not.toMatchObject({ outcome: expect.anything() });
    expect(await asked()).toEqual(['release']);
    expect((await parent.getState(config)).next).toEqual(['remote']);
  }
  expect(released()).toBe('0');
  await approve(threadId);
  expect(await parent.invoke(null, config)).toMatchObject({ outcome: 'after released' });
  expect(released()).toBe('1');
});

test('RemoteGraph streams the gate that is pending already, and resumes with an answer that decides', async () => {
  const remote = new RemoteGraph({ graphId: 'governor', client });
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const config = { configurable: { thread_id } };
  await expect(remote.invoke(input, config)).rejects.toMatchObject({ interrupts: [{ value: { gate: 'release' } }] });
  const told: unknown[] = [];
  await expect(
    (async () => {
      for await (const chunk of await remote.stream(null, { ...config, streamMode: 'values' })) told.push(chunk);
    })(),
  ).rejects.toMatchObject({ interrupts: [{ value: { gate: 'release' } }] });
  expect(told[0]).toMatchObject({ goal: GOAL, messages: expect.any(Array) });
  expect(await remote.invoke(new Command({ resume: { decisions: [{ type: 'approve' }] } }), config)).toMatchObject({ outcome: 'released' });
});

describe('CopilotKit by @ag-ui/langgraph', () => {
  const TOOLS = [{ type: 'function', name: 'confirm', function: { name: 'confirm', description: 'Asks', parameters: {} } }];
  const MODES = ['events', 'values', 'updates', 'messages-tuple'];
  const human = (id: string, content: string) => ({ id, type: 'human', role: 'user', content });

  /** `runAgentStream`: the payload of `prepareStream`, cut to the schema's members, with everything of the state that it knows. */
  async function send(threadId: string, messages: readonly object[], more: object = {}): Promise<Told[]> {
    const schemas = await client.assistants.getSchemas('governor');
    const known = ['messages', 'tools', ...Object.keys(schemas.input_schema?.properties ?? {})];
    const { values } = await client.threads.getState<Record<string, unknown>>(threadId);
    const state = { ...values, messages, tools: TOOLS, 'ag-ui': { tools: TOOLS, context: [] }, copilotkit: { actions: TOOLS } };
    return all(
      client.runs.stream(threadId, 'governor', {
        input: Object.fromEntries(Object.entries(state).filter(([name]) => known.includes(name))),
        streamMode: MODES as never, // the client's own list
        config: { configurable: {} },
        ...more,
      }),
    );
  }

  /** `handleSingleEvent`: what a page is shown of each. */
  function shown(told: readonly Told[]) {
    const events = told.filter(({ event }) => event === 'events').map(({ data }) => Object(data));
    for (const { metadata, data } of events) expect([typeof metadata, typeof data]).toEqual(['object', 'object']);
    const of = (name: string) => events.filter(({ event }) => event === name);
    for (const { data } of of('on_chat_model_stream')) expect(data.chunk.response_metadata).toEqual(expect.any(Object));
    for (const { data } of of('on_tool_end'))
      expect(data.output).toMatchObject({ tool_call_id: expect.any(String), name: expect.any(String) });
    return {
      nodes: [...new Set(of('on_chain_start').map(({ metadata }) => metadata.langgraph_node))],
      text: of('on_chat_model_stream')
        .filter(({ metadata }) => metadata.agent === 'lead')
        .map(({ data }) => data.chunk.content)
        .join(''),
      tools: of('on_tool_start').map(({ name }) => name),
      results: of('on_tool_end').map(({ name }) => name),
      prompts: of('on_chat_model_start').map(({ data }) => data),
      runIds: [...new Set(events.map(({ metadata }) => metadata.run_id))],
    };
  }

  test('a chat with tools starts a run; stages, words and tools come as events, masked, and no prompt', async () => {
    const { thread_id } = await client.threads.create();
    const told = await send(thread_id, [human('m1', GOAL)]);
    expect(told.filter(({ event }) => event === 'error')).toEqual([]);
    const seen = shown(told);
    expect(seen.nodes).toEqual(expect.arrayContaining(['plan', 'build', 'review_rules', 'review_critic', 'approve_release', 'lead']));
    expect(seen.text).toContain('I write the function; the token [REDACTED] stays here.');
    expect(seen.tools).toEqual(expect.arrayContaining(['write_file', 'run_command']));
    expect(seen.results).toEqual(expect.arrayContaining(['write_file', 'run_command']));
    expect(seen.prompts.every((data) => Object.keys(data).length === 0)).toBe(true);
    expect(seen.runIds).toEqual([Object(told[0]?.data)['run_id']]);
    const everything = JSON.stringify(told);
    for (const words of [...PROMPTS, SECRET, SECRET.slice(0, 12), KEY.OPENAI_API_KEY]) expect(everything).not.toContain(words);
    expect(told.some(({ event }) => event.startsWith('updates|') || event.startsWith('values|'))).toBe(false);
    expect(Object(told.findLast(({ event }) => event === 'values')?.data)).toHaveProperty('__interrupt__');
  });

  test('its page is shown only what the output schema names: the outcome and why a run stopped are there', async () => {
    const schemas = await client.assistants.getSchemas('governor');
    for (const schema of [schemas.output_schema, schemas.state_schema])
      expect(Object.keys(schema?.properties ?? {})).toEqual(['goal', 'repo', 'messages', 'outcome', 'stop']);
  });

  test('the values that it sends back with its next message are no other goal; the message is a comment', async () => {
    const { thread_id } = await client.threads.create();
    await send(thread_id, [human('m1', GOAL)]);
    const told = await send(thread_id, [human('m1', GOAL), human('m2', 'Is this safe?')]);
    const values = told.filter(({ event, data }) => event === 'values' && 'messages' in Object(data)).at(-1);
    expect(Object(values?.data)['messages'].slice(-2)).toMatchObject([{ content: 'Is this safe?' }, { type: 'ai' }]);
    const done = await all(
      client.runs.stream(thread_id, 'governor', {
        input: null,
        command: { resume: [{ type: 'accept', args: null }] },
        streamMode: MODES as never, // the client's own list
      }),
    );
    expect(shown(done).nodes).toEqual(expect.arrayContaining(['deploy', 'verify']));
    expect(released()).toBe('1');
  });

  test('another goal beside a chat, or a member that no client sends, is refused', async () => {
    const { thread_id } = await client.threads.create();
    await send(thread_id, [human('m1', GOAL)]);
    for (const [given, status, words] of [
      [{ goal: 'Another goal', repo: 'shop', tools: TOOLS }, 409, /takes one goal/],
      [{ messages: [human('m2', 'x')], tools: TOOLS, approved: true }, 422, /unknown field "approved"/],
    ] as const) {
      const answer = await server.send('POST', `/threads/${thread_id}/runs/wait`, { assistant_id: 'governor', input: given });
      expect(answer).toMatchObject({ status, body: { detail: expect.stringMatching(words) } });
    }
  });
});

describe('a run that meets a gate that is pending already', () => {
  test('streams the values and what it waits for, once, in every mode that was asked for; without a gate it does not', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const first = await all(client.runs.stream(thread_id, 'governor', { input, streamMode: ['values', 'updates'] }));
    const interrupts = (told: readonly Told[], mode: string) =>
      told.filter(({ event, data }) => event === mode && '__interrupt__' in Object(data)).length;
    expect([interrupts(first, 'values'), interrupts(first, 'updates')]).toEqual([1, 1]);
    const met = await all(client.runs.stream(thread_id, 'governor', { input: null, streamMode: ['values', 'updates'] }));
    expect(met.map(({ event }) => event)).toEqual(['metadata', 'values', 'values', 'updates']);
    expect([interrupts(met, 'values'), interrupts(met, 'updates')]).toEqual([1, 1]);
    expect(await client.runs.wait(thread_id, 'governor', { input: null })).toMatchObject({
      __interrupt__: [{ value: { gate: 'release' } }],
    });
    const done = await all(
      client.runs.stream(thread_id, 'governor', {
        command: { resume: { decisions: [{ type: 'approve' }] } },
        streamMode: ['values', 'updates'],
        multitaskStrategy: 'rollback',
      }),
    );
    expect([interrupts(done, 'values'), interrupts(done, 'updates')]).toEqual([0, 0]);
    expect((await client.runs.list(thread_id))[0]).toMatchObject({ status: 'success' });
  });

  test('a rollback on a governed thread that a run is open on is a conflict, and takes nothing back', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    await client.runs.wait(thread_id, 'governor', { input });
    const later = await client.runs.create(thread_id, 'governor', { input: null, afterSeconds: 600 });
    await expect(client.runs.create(thread_id, 'governor', { input: null, multitaskStrategy: 'rollback' })).rejects.toThrow(
      /409.*keeps its record/,
    );
    expect(await client.runs.get(thread_id, later.run_id)).toMatchObject({ status: 'pending' });
  });
});

test('runs.wait of the Python SDK at a gate: raise_error is taken, an answer for another interrupt is named', async () => {
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const wait = (body: object) => server.send('POST', `/threads/${thread_id}/runs/wait`, { assistant_id: 'governor', ...body });
  expect(await wait({ input, raise_error: true })).toMatchObject({
    status: 200,
    body: { __interrupt__: [{ value: { gate: 'release' } }] },
  });
  const unknown = { command: { resume: { ['b'.repeat(32)]: { decision: 'approved' } }, goto: [], update: null, graph: null } };
  expect(await wait({ ...unknown, strict_resume: true })).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/^UnknownInterruptError: .*the one that waits is/) },
  });
  expect(await wait(unknown)).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/^command\.resume: it answers interrupt/) },
  });
  expect(released()).toBe('0');
});

test('the schemas of the agents’ graphs, by their places, and of one of them; our own are read from no types', async () => {
  const { assistants } = client;
  const [all, top] = [await assistants.getSubgraphs('governor', { recurse: true }), await assistants.getSubgraphs('governor')];
  expect(Object.keys(top).toSorted()).toEqual(['build', 'plan', 'review_critic']);
  expect(Object.keys(all)).toEqual(expect.arrayContaining([...Object.keys(top), 'build|worker']));
  expect(all['plan']).toMatchObject({ state: { type: 'object', properties: { agent: {} } }, state_schema: { type: 'object' } });
  expect(Object.keys(await assistants.getSubgraphs('governor', { namespace: 'build|worker' }))).toEqual(['build|worker']);
  expect(Object.keys(await assistants.getSubgraphs('builder'))).toEqual(['worker']);
  for (const name of ['governor', 'builder']) {
    const schemas = await assistants.getSchemas(name);
    expect(schemas).toMatchObject({ input_schema: { properties: { goal: {} } } });
    expect(schemas).not.toHaveProperty('detail');
  }
});
