/**
 * What the official clients may write into a request, each with its meaning. Read from their sources: langgraphjs, the SDK 1.15.0
 * (client/runs, client/threads) and `Command.toJSON` of LangGraph 1.7.3 (constants); langchain-ai/langgraph f09cfe8,
 * libs/sdk-py/langgraph_sdk/_sync/runs.py, _async/runs.py.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Send } from '@langchain/langgraph';
import { RemoteGraph } from '@langchain/langgraph/remote';
import { describe, expect, test } from 'vitest';
import { fresh, runs, server, shapes, startBoth, wait } from '../both.ts';
import { startServer } from '../serving.ts';
import { frames } from '../sse.ts';

startBoth();

const post = (threadId: string, body: object, of = server) => of.send('POST', `/threads/${threadId}/runs/wait`, body);
const shape = async (): Promise<string> => (await shapes.client.threads.create()).thread_id;

describe('a Command that was written as JSON', () => {
  test('with its class name, an empty list of places, and null members answers', async () => {
    for (const resume of [
      new Command({ resume: 'yes' }).toJSON(),
      // dataclasses.asdict of Python's Command, the members that are None left out but for one.
      { graph: null, resume: 'yes', goto: [] },
    ]) {
      const threadId = await fresh();
      await wait(threadId, 'ask', { input: {} });
      const { body } = await post(threadId, { assistant_id: 'ask', command: resume });
      expect(body).toMatchObject({ log: ['first:"yes"'] });
    }
  });

  test('a Send in the forms of all clients', async () => {
    for (const goto of [
      [new Send('work', { item: 'x' }).toJSON()],
      { node: 'work', input: { item: 'x' } },
      { node: 'work', arg: { item: 'x' } },
    ]) {
      const { body } = await post(await shape(), { assistant_id: 'sends', command: { goto } }, shapes);
      expect(body).toMatchObject({ log: ['work:x'] });
    }
  });

  test('RemoteGraph resumes with one', async () => {
    const remote = new RemoteGraph({ graphId: 'ask', client: server.client });
    const config = { configurable: { thread_id: await fresh() } };
    await expect(remote.invoke({}, config)).rejects.toMatchObject({ interrupts: [{ value: { question: 'first?' } }] });
    await expect(remote.invoke(new Command({ resume: 1 }), config)).rejects.toMatchObject({
      interrupts: [{ value: { question: 'second?' } }],
    });
    expect(await remote.invoke(new Command({ resume: 2 }), config)).toMatchObject({ log: ['first:1', 'second:2'] });
  });

  test('for a parent graph, of another class, or with two inputs is refused, naming it', async () => {
    for (const [command, words] of [
      [{ resume: 1, graph: '__parent__' }, /command\.graph: must be null.*got "__parent__"/],
      [{ resume: 1, lg_name: 'Send' }, /command\.lg_name/],
      [{ goto: { node: 'one', input: 1, args: 2 } }, /input and args/],
      [{ goto: { node: 'one', lg_name: 'Command' } }, /command\.goto/],
    ] as const) {
      const { status, body } = await post(await fresh(), { assistant_id: 'two', command });
      expect([status, Object(body)['detail']]).toEqual([422, expect.stringMatching(words)]);
    }
  });
});

test('a goto with a Send reaches a graph of a project that has its own copy of LangGraph', async () => {
  const project = mkdtempSync(join(tmpdir(), 'governor-own-copy-'));
  const ours = new URL('../../../node_modules/', import.meta.url).pathname;
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, '@langchain'), { recursive: true });
  for (const name of readdirSync(ours))
    if (!name.startsWith('.') && name !== '@langchain') symlinkSync(join(ours, name), join(modules, name));
  for (const name of readdirSync(join(ours, '@langchain')))
    if (name === 'langgraph') cpSync(join(ours, '@langchain', name), join(modules, '@langchain', name), { recursive: true });
    else symlinkSync(join(ours, '@langchain', name), join(modules, '@langchain', name));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(project, 'graph.js'),
    `import { Annotation, Send, START, StateGraph } from '@langchain/langgraph';
     const State = Annotation.Root({ log: Annotation({ reducer: (all, more) => all.concat(more), default: () => [] }) });
     export const copy = Send;
     export const graph = new StateGraph(State)
       .addNode('plan', () => ({ log: ['plan'] }))
       .addNode('work', (given) => ({ log: ['work:' + given.item] }))
       .addEdge(START, 'plan')
       .addConditionalEdges('plan', () => '__end__', ['work', '__end__']).compile();`,
  );
  writeFileSync(join(project, 'langgraph.json'), '{"graphs":{"own":"./graph.js:graph"}}');
  const own = await startServer({ config: join(project, 'langgraph.json') });
  try {
    const { copy } = (await import(join(project, 'graph.js'))) as { copy: unknown }; // written above
    expect(copy).not.toBe(Send);
    const { thread_id } = await own.client.threads.create();
    const goto = [{ node: 'work', input: { item: 'x' } }, 'plan'];
    const { body } = await post(thread_id, { assistant_id: 'own', command: { goto, update: { log: ['updated'] } } }, own);
    expect(Object(body)['log'].toSorted()).toEqual(['plan', 'updated', 'work:x']);
  } finally {
    await own.stop();
    rmSync(project, { recursive: true, force: true });
  }
});

describe('the Python SDK', () => {
  test('raise_error of runs.wait is its client’s: a failed run is told in the answer either way', async () => {
    for (const raise_error of [true, false]) {
      expect((await post(await fresh(), { assistant_id: 'two', input: { n: 1 }, raise_error })).body).toMatchObject({ n: 3 });
      const failed = await post(await fresh(), { assistant_id: 'fails', input: { n: 1 }, raise_error });
      expect(failed).toMatchObject({ status: 200, body: { __error__: { error: 'QuotaError' } } });
    }
    expect(await post(await fresh(), { assistant_id: 'two', raise_error: 'no' })).toMatchObject({ status: 422 });
  });

  test('the empty stream_mode of join_stream is none: everything is told; another word is refused', async () => {
    const threadId = await fresh();
    const run = await runs().create(threadId, 'two', { input: { n: 1 }, streamMode: ['values', 'updates'] });
    await runs().join(threadId, run.run_id);
    const joined = async (query: string) => {
      const answer = await fetch(`${server.url}/threads/${threadId}/runs/${run.run_id}/stream?cancel_on_disconnect=false&${query}`);
      return answer.status === 200 ? [...new Set(frames(await answer.text()).map(({ event }) => event))] : answer.status;
    };
    expect(await joined('stream_mode=')).toEqual(['metadata', 'values', 'updates']);
    expect(await joined('stream_mode=updates')).toEqual(['metadata', 'updates']);
    expect(await joined('stream_mode=all')).toBe(422);
  });
});

describe('the newest JavaScript SDK', () => {
  test('streamNamespaces: only events of these namespaces, of a new run and of a joined one', async () => {
    const threadId = await shape();
    const told = new Set<string>();
    let runId = '';
    for await (const { event } of shapes.client.runs.stream(threadId, 'nested', {
      input: { messages: [] },
      streamMode: ['values', 'updates'],
      streamSubgraphs: true,
      streamNamespaces: [''],
      onRunCreated: (run) => {
        runId = run.run_id;
      },
    }))
      told.add(event);
    expect([...told]).toEqual(['metadata', 'values', 'updates']);
    const all: string[] = [];
    for await (const { event } of shapes.client.runs.joinStream(threadId, runId)) all.push(event);
    const inner = all.find((event) => event.startsWith('updates|'))?.slice('updates|'.length) ?? '';
    const joined = new Set<string>();
    for await (const { event } of shapes.client.runs.joinStream(threadId, runId, { streamNamespaces: [inner], checkpointId: 'any' }))
      joined.add(event);
    expect([...joined].toSorted()).toEqual(['metadata', `updates|${inner}`, `values|${inner}`]);
  });

  test('select: members of a state, and single values of it', async () => {
    const threadId = await fresh();
    await wait(threadId, 'two', { input: { n: 1 } });
    const { threads } = server.client;
    const newest = (await threads.getState(threadId)).checkpoint;
    for (const at of [undefined, newest.checkpoint_id ?? '', newest])
      expect(await threads.getState(threadId, at, { select: ['values.n', 'next'] })).toEqual({ values: { n: 3 }, next: [] });
    expect(await threads.getState(threadId, undefined, { select: ['values'] })).toEqual({ values: { n: 3, log: ['one', 'two'] } });
    expect(await threads.getHistory(threadId, { limit: 1, select: ['values.log'] })).toEqual([{ values: { log: ['one', 'two'] } }]);
    const unknown = await server.send('GET', `/threads/${threadId}/state?select=vlaues`);
    expect(unknown).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/select.*values\.<key>/) } });
  });
});

test('a number that no reader could be given back is refused, naming where; the largest one passes', async () => {
  const send = (text: string) => server.send('POST', '/threads', text);
  for (const [text, words] of [
    ['{"metadata":{"a":[1,{"b":1e999}]}}', 'body.metadata.a.1.b: is a number beyond 1.8e308'],
    ['{"metadata":{"a":-1e999}}', 'body.metadata.a: is a number beyond -1.8e308'],
    ['{"metadata":{"a":[1e400]}}', 'body.metadata.a.0: is a number'],
  ] as const)
    expect(await send(text)).toMatchObject({ status: 422, body: { detail: expect.stringContaining(words) } });
  expect(await send('{"metadata":{"a":1.7976931348623157e308,"b":5e-324,"c":"1e999"}}')).toMatchObject({
    status: 200,
    body: { metadata: { a: 1.7976931348623157e308, b: 5e-324, c: '1e999' } },
  });
});
