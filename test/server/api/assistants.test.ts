/** `/assistants` as the official SDK's client drives it, over real graphs and real rows. */
import { fileURLToPath } from 'node:url';
import { InMemoryStore } from '@langchain/langgraph';
import { Client } from '@langchain/langgraph-sdk';
import type { Hono } from 'hono';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Filters } from '../../../domain/served.ts';
import type { Served } from '../../../domain/server-stores.ts';
import { assistantEndpoints } from '../../../server/api/assistants.ts';
import { createApp } from '../../../server/app.ts';
import type { Caller } from '../../../server/auth/caller.ts';
import type { ServedGraph, Server } from '../../../server/context.ts';
import { createMetrics } from '../../../server/http/metrics.ts';
import { Problem } from '../../../server/http/problem.ts';
import { systemAssistantId } from '../../../server/project/assistant-id.ts';
import { findAssistant } from '../../../server/project/find-assistant.ts';
import { loadProject, type Project } from '../../../server/project/load.ts';
import { type Home, makeHome, threadOf } from '../../checkpoints/home.ts';
import { only } from '../../fakes/only.ts';
import { fakeServer } from '../../fakes/server.ts';

const governed = { id: 'governor', description: undefined } as ServedGraph; // never opened here
let project: Project;
beforeAll(async () => {
  const file = fileURLToPath(new URL('../fixtures/langgraph.json', import.meta.url));
  project = await loadProject({ file, builtin: new Map([['governor', governed]]) });
});

let home: Home;
let served: Served;
let server: Server;
let app: Hono;
let client: Client['assistants'];
let caller: Caller;
const asked: unknown[] = [];
const local: Caller = {
  person: { id: 'local:ada', roles: ['operator'], method: 'local', alone: true },
  tenant: 'default',
  authorize: async () => undefined,
};

beforeEach(async () => {
  home = makeHome();
  served = (await home.open()).served;
  await served.assistants.seed([...project.graphs.keys()].map((graphId) => ({ assistantId: systemAssistantId(graphId), graphId })));
  caller = local;
  server = fakeServer({
    runtime: { clock: home.clock, env: {} },
    served,
    graphs: project.graphs,
    saver: async () => only<Awaited<ReturnType<Server['saver']>>>('saver', {}),
    store: async () => new InMemoryStore(),
    limits: { bodyBytes: 1_000_000, concurrency: 1, keepEventsMs: 1, runEventBytes: 1, attempts: 1, streamsPerCaller: 1000, runMs: 0 },
    authenticate: async () => caller,
  });
  app = createApp(server, { endpoints: assistantEndpoints(server), hosts: [], origins: [], metrics: createMetrics() });
  const fetch = async (url: string, init: RequestInit) => app.request(url, init);
  client = new Client({ apiUrl: 'http://localhost', apiKey: null, callerOptions: { maxRetries: 0, fetch } }).assistants;
});
afterEach(() => home.dispose());

const send = (method: string, path: string, body?: unknown) =>
  app.request(`http://localhost${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
async function refused(answer: Response | Promise<Response>): Promise<[number, unknown]> {
  const response = await answer;
  return [response.status, Object(await response.json())['detail']];
}

test('the id of a system assistant is the one that Studio computes', () => {
  expect(systemAssistantId('agent')).toBe('fe096781-5601-53d2-b2f6-0d3403f7e9ca');
});

test('every route bears the tag by which http.disable_assistants finds it', () => {
  expect(new Set(assistantEndpoints(server).map((one) => one.tag))).toEqual(new Set(['assistants']));
});

test('Studio finds the system assistants with its first call, and each by its id and by the name of its graph', async () => {
  const found = await client.search({ metadata: { created_by: 'system' }, limit: 100 });
  expect(found.map((one) => one.graph_id).toSorted()).toEqual([...project.graphs.keys()].toSorted());
  const one = await client.get('zod');
  expect(one).toEqual(await client.get(systemAssistantId('zod')));
  expect(one).toEqual({
    assistant_id: systemAssistantId('zod'),
    graph_id: 'zod',
    name: 'zod',
    description: null,
    config: {},
    context: {},
    metadata: { created_by: 'system' },
    version: 1,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
  });
});

test('the SDK creates, changes, lists versions, goes back, counts and deletes', async () => {
  const made = await client.create({
    graphId: 'zod',
    name: 'Mine',
    metadata: { team: 'a' },
    config: { configurable: { model: 'm' } },
    context: { c: 1 },
  });
  expect(made).toMatchObject({ graph_id: 'zod', name: 'Mine', version: 1, config: { configurable: { model: 'm' } }, context: { c: 1 } });
  const id = made.assistant_id;
  const changed = await client.update(id, { graphId: 'state', metadata: { more: 1 }, name: 'Other', description: 'Words' });
  expect(changed).toMatchObject({ version: 2, graph_id: 'state', metadata: { team: 'a', more: 1 }, name: 'Other', description: 'Words' });
  const versions = await client.getVersions(id);
  expect(versions.map((version) => [version.version, version.name])).toEqual([
    [2, 'Other'],
    [1, 'Mine'],
  ]);
  expect(versions[0]).not.toHaveProperty('updated_at');
  expect(await client.setLatest(id, 1)).toMatchObject({ version: 1, name: 'Mine', graph_id: 'zod' });
  const byQuery = await send('POST', `/assistants/${id}/latest?version=2`);
  expect(await byQuery.json()).toMatchObject({ version: 2 });
  expect(await refused(send('POST', `/assistants/${id}/latest`, {}))).toEqual([
    422,
    'body.version: must be the number of a version; got none',
  ]);
  expect(await refused(send('POST', `/assistants/${id}/latest`, { version: 7 }))).toEqual([404, `assistant ${id}: has no version 7`]);
  expect(await client.count({ graphId: 'state' })).toBe(2);
  expect(await client.count({ name: 'OTH' })).toBe(1);
  await client.delete(id);
  await expect(client.get(id)).rejects.toMatchObject({ status: 404 });
});

test('a page says how many there are and where the next begins', async () => {
  for (const number of [1, 2, 3]) await client.create({ graphId: 'zod', name: `Page ${number}` });
  const first = await client.search({
    name: 'page',
    limit: 2,
    sortBy: 'name',
    sortOrder: 'asc',
    select: ['name'],
    includePagination: true,
  });
  expect(first).toEqual({ assistants: [{ name: 'Page 1' }, { name: 'Page 2' }], next: '2' });
  const last = await send('POST', '/assistants/search', { name: 'page', limit: 2, offset: 2 });
  expect([last.headers.get('x-pagination-total'), last.headers.get('x-pagination-next')]).toEqual(['3', null]);
  expect(await (await send('POST', '/assistants/search')).json()).toHaveLength(10);
});

test('what exists is not made again, unless nothing shall be done', async () => {
  const assistantId = threadOf(1);
  await client.create({ graphId: 'zod', assistantId });
  expect(await client.create({ graphId: 'zod', assistantId, name: 'x', ifExists: 'do_nothing' })).toMatchObject({ name: 'Untitled' });
  expect(await refused(send('POST', '/assistants', { graph_id: 'zod', assistant_id: assistantId }))).toEqual([
    409,
    `assistant ${assistantId}: exists already`,
  ]);
});

test('what is unknown is said: graph, assistant, field', async () => {
  expect(await refused(send('POST', '/assistants', { graph_id: 'none' }))).toEqual([
    404,
    'graph "none": is not served; langgraph.json names what is',
  ]);
  expect(await refused(send('PATCH', '/assistants/zod', { graph_id: 'none' }))).toEqual([
    404,
    'graph "none": is not served; langgraph.json names what is',
  ]);
  const nobody = 'Assistant not found: "none" is no assistant\'s id and no graph\'s name';
  for (const path of ['', '/graph', '/schemas', '/subgraphs', '/subgraphs/a'])
    expect(await refused(send('GET', `/assistants/none${path}`))).toEqual([404, nobody]);
  for (const path of ['versions', 'latest'])
    expect(await refused(send('POST', `/assistants/none/${path}`, path === 'latest' ? { version: 1 } : {}))).toEqual([404, nobody]);
  expect(await refused(send('DELETE', '/assistants/none'))).toEqual([404, nobody]);
  expect(await refused(send('POST', '/assistants', { graph_id: 'zod', colour: 'red' }))).toEqual([422, 'body: unknown field "colour"']);
  expect((await refused(send('POST', '/assistants', { graph_id: 'zod', assistant_id: 'x' })))[0]).toBe(422);
  expect((await refused(send('POST', '/assistants/search', { select: ['secret'] })))[0]).toBe(422);
  expect((await refused(send('POST', '/assistants/search', { limit: 0 })))[0]).toBe(422);
  expect(await refused(send('DELETE', '/assistants/zod'))).toMatchObject([
    409,
    expect.stringContaining('remove graph "zod" from langgraph.json'),
  ]);
});

test('the graph is drawn; its subgraphs as deep as asked', async () => {
  const plain = await client.getGraph('nested');
  expect(plain.nodes.map((node) => node.id)).toEqual(['__start__', 'middle', '__end__']);
  const all = await client.getGraph('nested', { xray: true });
  expect(all.nodes.map((node) => node.id)).toContain('middle:inner:ask');
  const one = await client.getGraph('nested', { xray: 1 });
  expect(one.nodes.map((node) => node.id)).toContain('middle:inner');
  expect(all.edges.length).toBeGreaterThan(plain.edges.length);
  expect((await refused(send('GET', '/assistants/nested/graph?xray=deep')))[0]).toBe(422);
});

test('a factory draws the graph of the assistant that asks; where it fails, its words are the answer', async () => {
  const { assistant_id } = await client.create({ graphId: 'factory', config: { configurable: { greeting: 'Hi', __pregel_store: 'x' } } });
  expect((await client.getGraph(assistant_id)).nodes.map((node) => node.id)).toContain('greet');
  expect(await refused(send('GET', '/assistants/factory/graph'))).toEqual([
    422,
    'graph "factory": its function fails with the config of this assistant: configurable.greeting is missing',
  ]);
});

test('schemas of graphs and of subgraphs', async () => {
  const schemas = await client.getSchemas('zod');
  expect(schemas).toMatchObject({
    graph_id: 'zod',
    input_schema: { properties: { text: { type: 'string' } } },
    config_schema: { properties: { model: {} } },
  });
  expect(await client.getSchemas('annotation')).toEqual({
    graph_id: 'annotation',
    input_schema: null,
    output_schema: null,
    state_schema: null,
    config_schema: null,
    context_schema: null,
    detail: expect.stringMatching(/^graph "annotation": its state says no schemas at run time/),
  });
  expect(Object.keys(await client.getSubgraphs('nested'))).toEqual(['middle']);
  expect(Object.keys(await client.getSubgraphs('nested', { recurse: true }))).toEqual(['middle', 'middle|inner']);
  const inner = await client.getSubgraphs('nested', { namespace: 'middle|inner', recurse: true });
  expect(inner).toMatchObject({ 'middle|inner': { state_schema: { properties: { answer: {} } } } });
});

test('with an assistant go the threads that were made with it, where asked', async () => {
  const { assistant_id } = await client.create({ graphId: 'zod' });
  for (const number of [1, 2, 3])
    await served.threads.create(
      { tenant: 'default' },
      { threadId: threadOf(number), metadata: number === 3 ? {} : { assistant_id }, ifExists: 'raise' },
    );
  await client.delete(assistant_id, { deleteThreads: true });
  const left = await served.threads.search({ tenant: 'default' }, {}, { limit: 10, offset: 0 });
  expect(left.rows.map((thread) => thread.threadId)).toEqual([threadOf(3)]);
});

test('a viewer reads and changes nothing', async () => {
  caller = { ...local, person: { ...local.person, roles: ['viewer'] } };
  expect(await client.get('zod')).toMatchObject({ graph_id: 'zod' });
  for (const [method, path, body] of [
    ['POST', '/assistants', { graph_id: 'zod' }],
    ['PATCH', '/assistants/zod', { name: 'x' }],
    ['POST', '/assistants/zod/latest', { version: 1 }],
    ['DELETE', '/assistants/zod', undefined],
  ] as const)
    expect((await refused(send(method, path, body)))[0]).toBe(403);
});

test('a caller who may use some graphs finds no other, and no assistant of another', async () => {
  const { assistant_id } = await client.create({ graphId: 'state' });
  caller = { ...local, graphs: ['zod'] };
  expect((await client.search({ limit: 100 })).map((one) => one.graph_id)).toEqual(['zod']);
  expect(await client.count()).toBe(1);
  for (const id of ['state', assistant_id]) await expect(client.get(id)).rejects.toMatchObject({ status: 404 });
  await expect(client.getSchemas('state')).rejects.toMatchObject({ status: 404 });
  expect((await refused(send('POST', '/assistants', { graph_id: 'state' })))[0]).toBe(404);
  expect((await refused(send('PATCH', '/assistants/zod', { graph_id: 'state' })))[0]).toBe(404);
});

test('another tenant sees the system assistants, which it cannot change, and none of ours', async () => {
  const { assistant_id } = await client.create({ graphId: 'zod' });
  caller = { ...local, tenant: 'acme' };
  await expect(client.get(assistant_id)).rejects.toMatchObject({ status: 404 });
  expect(await client.get('zod')).toMatchObject({ name: 'zod' });
  expect((await refused(send('PATCH', '/assistants/zod', { config: {} })))[0]).toBe(409);
});

test('the auth handler is asked about each, may stamp an owner, filter, and refuse', async () => {
  const as = (owner: string, filters: Filters | undefined = { owner }): Caller => ({
    ...local,
    authorize: async (resource, action, value) => {
      asked.push(`${resource}:${action}`);
      if (action === 'delete' && owner === 'eve') throw new Problem(403, 'no');
      if (action === 'create') value['metadata'] = { ...Object(value['metadata']), owner };
      return filters;
    },
  });
  caller = as('ada');
  const made = await client.create({ graphId: 'zod', metadata: { a: 1 } });
  expect(made.metadata).toEqual({ a: 1, owner: 'ada' });
  expect(await client.update(made.assistant_id, { name: 'x' })).toMatchObject({ name: 'x' });
  expect(await client.getVersions(made.assistant_id)).toHaveLength(2);
  await client.search();
  expect(asked).toEqual(['assistants:create', 'assistants:update', 'assistants:read', 'assistants:search']);
  caller = as('bob');
  await expect(client.get(made.assistant_id)).rejects.toMatchObject({ status: 404 });
  await expect(client.update(made.assistant_id, { name: 'y' })).rejects.toMatchObject({ status: 404 });
  expect(await client.search({ limit: 100, graphId: 'zod' })).toMatchObject([{ name: 'zod' }]);
  caller = as('eve', undefined);
  expect((await refused(send('DELETE', `/assistants/${made.assistant_id}`)))[0]).toBe(403);
});

test('an assistant whose graph is served no more is there, and says so when its graph is needed', async () => {
  const { assistant_id } = await client.create({ graphId: 'zod' });
  const without = { ...server, graphs: new Map([...project.graphs].filter(([id]) => id !== 'zod')) };
  expect(await findAssistant(without, { tenant: 'default' }, assistant_id)).toMatchObject({ graphId: 'zod' });
  const other = createApp(without, { endpoints: assistantEndpoints(without), hosts: [], origins: [], metrics: createMetrics() });
  expect(await refused(other.request(`http://localhost/assistants/${assistant_id}/graph`))).toEqual([
    404,
    'graph "zod": is not served; langgraph.json names what is',
  ]);
});
