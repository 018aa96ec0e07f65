/** A project as a whole server: graphs made by their config, defaults from the environment, routes around ours, the switch of the tests. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemAssistantId } from '../../../server/project/assistant-id.ts';
import { startServer, type TestServer } from '../serving.ts';

const MADE = new URL('../fixtures/made/langgraph.json', import.meta.url).pathname;
const DEFAULTS = { made: { configurable: { node: 'fromEnv' }, recursion_limit: 7 }, context: { context: { model: 'm1' } } };
const start = (config: string | undefined) =>
  startServer({ config: MADE, env: { LANGGRAPH_CONFIG: config, GOVERNOR_TEST_MODE: '1', GOVERNOR_ERROR_FORMAT: 'text' } });

let server: TestServer;
beforeEach(async () => {
  server = await start(JSON.stringify(DEFAULTS));
});
afterEach(() => server.stop());

test('LANGGRAPH_CONFIG is what the system assistants begin with, and their runs get it', async () => {
  const { client } = server;
  expect(await client.assistants.get('made')).toMatchObject({
    config: { configurable: { node: 'fromEnv' }, recursion_limit: 7 },
    context: {},
  });
  expect(await client.runs.wait(null, 'made', { input: { log: [] } })).toMatchObject({ log: ['fromEnv'] });
  expect(await client.runs.wait(null, 'context', { input: { log: [] } })).toEqual({ log: ['m1'] });
});

test('a wrong LANGGRAPH_CONFIG keeps the server from starting, by name', async () => {
  for (const [text, words] of [
    ['{', 'LANGGRAPH_CONFIG: must be JSON, by graph; got "{"'],
    ['{"made": {"recursion_limit": "many"}}', 'made.recursion_limit'],
    ['{"maid": {}}', 'LANGGRAPH_CONFIG: graph "maid" is not served; served are made, context'],
  ] as const)
    await expect(start(text)).rejects.toThrow(words);
});

test("a factory makes the same graph again: after its run, for reading and for editing the state, whoever's config named its nodes", async () => {
  const { client } = server;
  const mine = await client.assistants.create({ graphId: 'made', config: { configurable: { node: 'mine' } } });
  for (const [assistant, config, node] of [
    [mine.assistant_id, undefined, 'mine'],
    [mine.assistant_id, { configurable: { node: 'runs' } }, 'runs'],
    ['made', undefined, 'fromEnv'],
  ] as const) {
    const { thread_id: thread } = await client.threads.create();
    const run = { input: { log: [] }, ...(config === undefined ? {} : { config }) };
    expect(await client.runs.wait(thread, assistant, run)).toMatchObject({ log: [node], __interrupt__: [] });
    expect(await client.threads.get(thread)).toMatchObject({ status: 'interrupted', config: { configurable: { node } } });
    expect((await client.threads.getState(thread)).next).toEqual(['last']);
    await client.threads.updateState(thread, { values: { log: ['edited'] }, asNode: node });
    expect((await client.threads.getState(thread)).values).toEqual({ log: [node, 'edited'] });
  }
});

test('a middleware of http.app may read a body before its route does, told its length or in pieces', async () => {
  const body = JSON.stringify({ assistant_id: 'made', input: { log: ['sent'] } });
  const pieces = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        for (const piece of body) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
  for (const sent of [{ body }, { body: pieces(), duplex: 'half' as const }]) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', 'x-look': 'yes' }, ...sent };
    const response = await fetch(`${server.url}/runs/wait`, init);
    expect(response.headers.get('x-seen')).toBe('sent');
    expect(await response.json()).toMatchObject({ log: ['sent', 'fromEnv'] });
  }
});

test("unknown ids are told in the dev server's words, which clients match", async () => {
  const id = '00000000-0000-4000-8000-000000000000';
  await expect(server.client.assistants.get(id)).rejects.toThrow('HTTP 404: Assistant not found');
  await expect(server.client.threads.get(id)).rejects.toThrow(`HTTP 404: Thread with ID ${id} not found`);
  await expect(server.client.runs.wait(null, id, {})).rejects.toThrow(`HTTP 404: No assistant found for "${id}"`);
});

test('the truncating route takes the words of the official tests; the system assistants stay', async () => {
  const { client } = server;
  await client.threads.create();
  const mine = await client.assistants.create({ graphId: 'made' });
  const all = { runs: true, threads: true, assistants: true, store: true, checkpoint: true };
  expect((await server.send('POST', '/internal/truncate', all)).status).toBe(200);
  expect(await client.threads.count()).toBe(0);
  await expect(client.assistants.get(mine.assistant_id)).rejects.toThrow('HTTP 404');
  expect((await client.assistants.get('made')).assistant_id).toBe(systemAssistantId('made'));
  expect((await server.send('POST', '/internal/truncate', { everything: true })).status).toBe(422);
});
