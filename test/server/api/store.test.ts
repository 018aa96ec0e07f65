/** The durable store beside LangGraph's own in-memory one, and `/store` as the official client drives it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BaseStore, InMemoryStore, StateGraph, StateSchema } from '@langchain/langgraph';
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Database, openDatabase } from '../../../checkpoints/database.ts';
import { createItems } from '../../../checkpoints/served/items.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Items } from '../../../domain/items.ts';
import type { Filters } from '../../../domain/served.ts';
import { storeEndpoints } from '../../../server/api/store.ts';
import { createApp } from '../../../server/app.ts';
import type { Caller } from '../../../server/auth/caller.ts';
import { createMetrics } from '../../../server/http/metrics.ts';
import { storeFor } from '../../../server/project/durable-store.ts';
import { fakeServer } from '../../fakes/server.ts';

let folder: string;
let database: Database;
let items: Items;
const clock = { ms: 0, now: () => clock.ms, monotonic: () => clock.ms };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-store-'));
  database = openDatabase(join(folder, 'governor.sqlite'));
  clock.ms = Date.parse('2026-01-01T00:00:00Z');
  items = createItems(sqliteSql(database), clock);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const plain = (item: unknown): unknown => {
  if (item === null || typeof item !== 'object') return item;
  const { namespace, key, value } = item as { namespace: string[]; key: string; value: unknown }; // an item
  return { namespace, key, value };
};
const byPlace = (found: unknown[]): unknown[] => found.map(plain).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => error.name,
  );

/** What both stores are asked; order of a search is each store's own. */
const SCENARIO: Readonly<Record<string, (store: BaseStore) => Promise<unknown>>> = {
  'get, put again, delete': async (store) => {
    const seen = [plain(await store.get(['a'], 'k'))];
    await store.put(['a'], 'k', { n: 1 });
    seen.push(plain(await store.get(['a'], 'k')));
    await store.put(['a'], 'k', { n: 2 }, false);
    seen.push(plain(await store.get(['a'], 'k')));
    await store.delete(['a'], 'k');
    await store.delete(['a'], 'k');
    return [...seen, plain(await store.get(['a'], 'k'))];
  },
  'dates are dates': async (store) => {
    await store.put(['a'], 'k', {});
    const item = await store.get(['a'], 'k');
    return [item?.createdAt instanceof Date, item?.updatedAt instanceof Date];
  },
  'namespaces that are refused': async (store) =>
    Promise.all([[], [''], ['a.b'], ['langgraph']].map((namespace) => failure(store.put(namespace, 'k', {})))),
  'search by prefix and filter': async (store) => {
    await store.put(['u', 'ada'], 'x', { n: 1, kind: 'fact' });
    await store.put(['u', 'ada', 'old'], 'y', { n: 2, kind: 'fact' });
    await store.put(['u', 'bob'], 'z', { n: 3, kind: 'plan', more: null });
    const filters = [
      undefined,
      {},
      { kind: 'fact' },
      { n: { $gte: 2 } },
      { n: { $gt: 1, $lt: 3 } },
      { n: { $lte: '2' } },
      { kind: { $ne: 'fact' }, n: 3 },
      { kind: { $in: ['plan'] } },
      { kind: { $nin: ['plan'] } },
      { more: null },
      { missing: { $gt: 0 } },
      { missing: { $ne: 1 } },
      { kind: {} },
      { kind: { $eq: 'fact' } },
    ];
    const found = [];
    for (const prefix of [[], ['u'], ['u', 'ada'], ['nobody']])
      for (const filter of filters) found.push(byPlace(await store.search(prefix, filter === undefined ? {} : { filter })));
    return found;
  },
  'pages of a search': async (store) => {
    for (let number = 0; number < 25; number += 1) await store.put(['p'], `k${number}`, { number });
    const pages = [];
    for (const options of [{}, { limit: 7 }, { limit: 10, offset: 20 }, { limit: 3, offset: 30 }])
      pages.push((await store.search(['p'], options)).length);
    return pages;
  },
  'namespaces by condition, depth and page': async (store) => {
    for (const path of ['a.b.c', 'a.b.d', 'a.e.c', 'f', 'f.g.c', 'a']) await store.put(path.split('.'), 'k', {});
    const listed = [];
    for (const options of [
      {},
      { prefix: ['a'] },
      { prefix: ['a', '*', 'c'] },
      { suffix: ['c'] },
      { suffix: ['*', 'c'] },
      { prefix: ['f'], suffix: ['c'] },
      { maxDepth: 1 },
      { maxDepth: 2 },
      { prefix: ['a', 'b'], maxDepth: 1 },
      { suffix: ['c'], maxDepth: 2 },
      { limit: 2, offset: 1 },
      { maxDepth: 2, limit: 1, offset: 2 },
    ])
      listed.push(await store.listNamespaces(options));
    return listed;
  },
  'a batch reads what was before it, and its last write wins': async (store) => {
    await store.put(['a'], 'old', { n: 0 });
    const results: readonly unknown[] = await store.batch([
      { namespace: ['a'], key: 'k', value: { n: 1 } },
      { namespace: ['a'], key: 'k' },
      { namespacePrefix: ['a'], limit: 5 },
      { namespace: ['a'], key: 'old', value: null },
      { namespace: ['a'], key: 'k', value: { n: 2 } },
      { matchConditions: [{ matchType: 'prefix', path: ['a'] }], limit: 10, offset: 0 },
    ]);
    const after = await store.batch([
      { namespace: ['a'], key: 'k' },
      { namespace: ['a'], key: 'old' },
    ]);
    return [
      results.map((result) => (Array.isArray(result) ? result.map((one) => (Array.isArray(one) ? one : plain(one))) : plain(result))),
      after.map(plain),
    ];
  },
};

describe('as the in-memory store', () => {
  test.each(Object.entries(SCENARIO))('%s', async (_name, scenario) => {
    expect(await scenario(storeFor(items, 'ada'))).toEqual(await scenario(new InMemoryStore()));
  });

  test('but at the root, which the other refuses to read since 1.7, there is nothing', async () => {
    expect(await failure(new InMemoryStore().get([], 'k'))).toBe('InvalidNamespaceError');
    const store = storeFor(items, 'ada');
    await store.delete([], 'k');
    expect(await store.get([], 'k')).toBeNull();
  });

  test('a label with ":" is refused by both (since 1.7)', async () => {
    const stores = [storeFor(items, 'ada'), new InMemoryStore()];
    expect(await Promise.all(stores.map((store) => failure(store.put(['user:1'], 'k', {}))))).toEqual(
      stores.map(() => 'InvalidNamespaceError'),
    );
  });

  test('but a reader’s change is not a write, and nobody else’s tenant is there', async () => {
    const store = storeFor(items, 'ada');
    await store.put(['a'], 'k', { list: [1] });
    (await store.get(['a'], 'k'))?.value['list'].push(2);
    expect((await store.get(['a'], 'k'))?.value).toEqual({ list: [1] });
    expect(await storeFor(items, 'bob').search([])).toEqual([]);
  });

  test('but a batch with a wrong write writes nothing, and two conditions of a kind are refused', async () => {
    const store = storeFor(items, 'ada');
    const writes = [
      { namespace: ['a'], key: 'k', value: {} },
      { namespace: ['a', ''], key: 'k', value: {} },
    ];
    await expect(store.batch(writes)).rejects.toMatchObject({ kind: 'invalid' });
    expect(await store.search([])).toEqual([]);
    const twice = [
      { matchType: 'prefix' as const, path: ['a'] },
      { matchType: 'prefix' as const, path: ['b'] },
    ];
    await expect(store.batch([{ matchConditions: twice, limit: 1, offset: 0 }])).rejects.toThrow('at most one prefix; got 2');
  });

  test('a graph’s node finds in it what another run left', async () => {
    const graph = new StateGraph(new StateSchema({ count: z.number().default(0) }))
      .addNode('counter', async (_state, { store }) => {
        const count = Number((await store?.get(['counts'], 'runs'))?.value['count'] ?? 0) + 1;
        await store?.put(['counts'], 'runs', { count });
        return { count };
      })
      .addEdge('__start__', 'counter')
      .compile({ store: storeFor(items, 'ada') });
    await graph.invoke({});
    expect(await graph.invoke({})).toEqual({ count: 2 });
  });
});

// ---------------------------------------------------------------- over HTTP

type Authorize = (action: string, value: Record<string, unknown>) => Filters | undefined;

/** Only these routes, for a caller of one's choice. */
function serve(options: { roles?: Caller['person']['roles']; tenant?: string; authorize?: Authorize } = {}) {
  const { roles = ['operator'], tenant = 'ada', authorize = () => undefined } = options;
  const caller: Caller = {
    person: { id: 'local:ada', roles, method: 'test', alone: false },
    tenant,
    authorize: async (_resource, action, value) => authorize(action, value),
  };
  const server = fakeServer({
    served: { items },
    runtime: { clock },
    limits: { bodyBytes: 1_000_000 },
    authenticate: async () => caller,
  });
  const app = createApp(server, { endpoints: storeEndpoints(server), hosts: [], origins: [], metrics: createMetrics() });
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => app.fetch(new Request(url, init));
  const { store } = new Client({ apiUrl: 'http://localhost', callerOptions: { fetch, maxRetries: 0 } });
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://localhost${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? '' : JSON.parse(text) };
  };
  return { store, ask };
}

describe('the official client', () => {
  test('puts, gets, replaces and deletes an item', async () => {
    const { store } = serve();
    await store.putItem(['users', 'ada'], 'prefs', { theme: 'dark' }, { index: ['theme'], ttl: null });
    clock.ms += 1000;
    await store.putItem(['users', 'ada'], 'prefs', { theme: 'light' });
    expect(await store.getItem(['users', 'ada'], 'prefs')).toEqual({
      namespace: ['users', 'ada'],
      key: 'prefs',
      value: { theme: 'light' },
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:01.000Z',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:01.000Z',
    });
    await store.deleteItem(['users', 'ada'], 'prefs');
    await store.deleteItem(['users', 'ada'], 'prefs');
    expect(await store.getItem(['users', 'ada'], 'prefs')).toBeNull();
  });

  test('searches and lists with every option it has', async () => {
    const { store } = serve();
    for (const number of [1, 2, 3]) {
      clock.ms += 1;
      await store.putItem(['n', `s${number}`, 'end'], 'k', { number, text: `Number ${number}` });
    }
    const found = await store.searchItems(['n'], {
      filter: { number: { $gte: 2 } },
      limit: 1,
      offset: 1,
      query: 'number',
      refreshTtl: true,
    });
    expect(found.items).toMatchObject([{ namespace: ['n', 's2', 'end'], value: { number: 2 }, createdAt: '2026-01-01T00:00:00.002Z' }]);
    expect((await store.searchItems([])).items.map((item) => item.value['number'])).toEqual([3, 2, 1]);
    expect(await store.listNamespaces()).toEqual({ namespaces: [1, 2, 3].map((number) => ['n', `s${number}`, 'end']) });
    expect(await store.listNamespaces({ prefix: ['n', '*'], suffix: ['end'], maxDepth: 2, limit: 1, offset: 2 })).toEqual({
      namespaces: [['n', 's3']],
    });
  });

  test('gives items a time to live and may read without beginning it again', async () => {
    const { store } = serve();
    await store.putItem(['t'], 'k', {}, { ttl: 2 });
    clock.ms += 90_000;
    expect(await store.getItem(['t'], 'k')).not.toBeNull();
    clock.ms += 90_000;
    expect(await store.getItem(['t'], 'k', { refreshTtl: false })).not.toBeNull();
    expect((await store.searchItems(['t'], { refreshTtl: false })).items).toHaveLength(1);
    clock.ms += 30_000;
    expect(await store.getItem(['t'], 'k')).toBeNull();
  });

  test('sees its own tenant alone', async () => {
    await serve().store.putItem(['a'], 'k', {});
    const { store } = serve({ tenant: 'bob' });
    expect([await store.getItem(['a'], 'k'), (await store.searchItems([])).items, (await store.listNamespaces()).namespaces]).toEqual([
      null,
      [],
      [],
    ]);
  });
});

describe('a request', () => {
  const PUT = { namespace: ['a'], key: 'k', value: {} };
  test('answers with the statuses of the contract', async () => {
    const { ask } = serve();
    expect(await ask('PUT', '/store/items', PUT)).toEqual({ status: 204, body: '' });
    expect(await ask('GET', '/store/items?namespace=a&key=none')).toEqual({ status: 200, body: null });
    expect(await ask('DELETE', '/store/items', { namespace: ['a'], key: 'k' })).toEqual({ status: 204, body: '' });
    expect(await ask('POST', '/store/items/search', { namespace_prefix: [], filter: null, query: null })).toEqual({
      status: 200,
      body: { items: [] },
    });
    expect(await ask('POST', '/store/namespaces')).toEqual({ status: 200, body: { namespaces: [] } });
  });

  test.each<[string, string, unknown, string]>([
    ['PUT', '/store/items', { ...PUT, colour: 'red' }, 'unknown field "colour"'],
    ['PUT', '/store/items', { ...PUT, namespace: ['a.b'] }, "body.namespace.0: a label must not be empty or contain '.'"],
    ['PUT', '/store/items', { ...PUT, namespace: ['a', ''] }, 'body.namespace.1'],
    ['PUT', '/store/items', { ...PUT, namespace: [] }, 'body.namespace'],
    ['PUT', '/store/items', { ...PUT, namespace: ['langgraph'] }, 'reserved'],
    ['PUT', '/store/items', { ...PUT, value: [1] }, 'body.value'],
    ['PUT', '/store/items', { ...PUT, ttl: 0 }, 'body.ttl'],
    ['PUT', '/store/items', { ...PUT, ttl: 1e12 }, 'ttl 1000000000000'],
    ['PUT', '/store/items', { ...PUT, index: true }, 'body.index'],
    ['GET', '/store/items?key=k', undefined, 'query.namespace'],
    ['GET', '/store/items?namespace=a..b&key=k', undefined, 'query.namespace.1'],
    ['GET', '/store/items?namespace=a&key=k&refresh_ttl=perhaps', undefined, 'query.refresh_ttl'],
    ['DELETE', '/store/items', { key: 'k' }, 'body.namespace'],
    ['POST', '/store/items/search', {}, 'body.namespace_prefix'],
    ['POST', '/store/items/search', { namespace_prefix: [], limit: 1001 }, 'body.limit'],
    ['POST', '/store/items/search', { namespace_prefix: [], filter: { a: { $like: 'x' } } }, '$like is no operator'],
    ['POST', '/store/namespaces', { max_depth: 0 }, 'body.max_depth'],
    ['POST', '/store/namespaces', { suffix: ['a.b'] }, 'body.suffix.0'],
  ])('%s %s with %j is 422', async (method, path, body, detail) => {
    expect(await serve().ask(method, path, body)).toEqual({ status: 422, body: { detail: expect.stringContaining(detail) } });
  });

  test('reading needs read, writing needs run', async () => {
    const viewer = serve({ roles: ['viewer'] });
    expect((await viewer.ask('PUT', '/store/items', PUT)).status).toBe(403);
    expect((await viewer.ask('DELETE', '/store/items', { namespace: ['a'], key: 'k' })).status).toBe(403);
    expect(await viewer.store.getItem(['a'], 'k')).toBeNull();
    expect((await viewer.store.searchItems([])).items).toEqual([]);
    const nobody = serve({ roles: [] });
    for (const [method, path] of [
      ['GET', '/store/items?namespace=a&key=k'],
      ['POST', '/store/items/search'],
      ['POST', '/store/namespaces'],
    ] as const)
      expect((await nobody.ask(method, path, method === 'GET' ? undefined : {})).status).toBe(403);
  });
});

describe('the auth handler', () => {
  test('is shown what is asked under the official names', async () => {
    const shown: unknown[] = [];
    const { store } = serve({ authorize: (action, value) => void shown.push([action, { ...value }]) });
    await store.putItem(['a'], 'k', { v: 1 });
    await store.getItem(['a'], 'k');
    await store.searchItems(['a'], { filter: { v: 1 }, query: 'q' });
    await store.listNamespaces({ prefix: ['a'], suffix: ['b'], maxDepth: 2 });
    await store.deleteItem(['a'], 'k');
    expect(shown).toEqual([
      ['put', { namespace: ['a'], key: 'k', value: { v: 1 } }],
      ['get', { namespace: ['a'], key: 'k' }],
      ['search', { namespace: ['a'], filter: { v: 1 }, query: 'q', limit: 10, offset: 0 }],
      ['list_namespaces', { namespace: ['a'], suffix: ['b'], max_depth: 2, limit: 100, offset: 0 }],
      ['delete', { namespace: ['a'], key: 'k' }],
    ]);
  });

  test('may put every caller under a namespace of their own', async () => {
    const under = (user: string) =>
      serve({
        authorize: (_action, value) => {
          value['namespace'] = [user, ...((value['namespace'] as string[] | undefined) ?? [])]; // labels, where there are any
          return undefined;
        },
      }).store;
    await under('ada').putItem(['notes'], 'k', { of: 'ada' });
    await under('bob').putItem(['notes'], 'k', { of: 'bob' });
    expect((await under('ada').getItem(['notes'], 'k'))?.value).toEqual({ of: 'ada' });
    expect((await under('bob').searchItems([])).items.map((item) => item.value)).toEqual([{ of: 'bob' }]);
    expect(await under('bob').listNamespaces()).toEqual({ namespaces: [['bob', 'notes']] });
    await under('bob').deleteItem(['notes'], 'k');
    expect(await items.namespaces({ tenant: 'ada' }, { limit: 9, offset: 0 })).toEqual([['ada', 'notes']]);
  });

  test('that leaves a namespace which is none is refused, and no row is touched', async () => {
    const { ask } = serve({ authorize: (_action, value) => void Object.assign(value, { namespace: ['a.b'] }) });
    const answer = await ask('PUT', '/store/items', { namespace: ['a'], key: 'k', value: {} });
    expect(answer).toEqual({ status: 422, body: { detail: expect.stringContaining('store:put after the auth handler.namespace.0') } });
    expect(await items.search({ tenant: 'ada' }, { namespacePrefix: [], limit: 9, offset: 0 })).toEqual([]);
  });

  test('whose filters hide an item keeps it from being read, replaced and deleted', async () => {
    await items.put({ tenant: 'ada' }, { namespace: ['s'], key: 'bobs', value: { owner: 'bob' } });
    const { store, ask } = serve({ authorize: () => ({ owner: 'ada' }) });
    await store.putItem(['s'], 'mine', { owner: 'ada' });
    expect(await store.getItem(['s'], 'bobs')).toBeNull();
    expect((await store.searchItems([])).items.map((item) => item.key)).toEqual(['mine']);
    const value = { owner: 'ada' };
    expect((await ask('PUT', '/store/items', { namespace: ['s'], key: 'bobs', value })).status).toBe(404);
    expect((await ask('DELETE', '/store/items', { namespace: ['s'], key: 'bobs' })).status).toBe(404);
    expect((await ask('PUT', '/store/items', { namespace: ['s'], key: 'new', value: {} })).status).toBe(403);
    expect((await items.get({ tenant: 'ada' }, ['s'], 'bobs'))?.value).toEqual({ owner: 'bob' });
  });
});
