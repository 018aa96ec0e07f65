/** Walls of the server, attacked over HTTP: tenants, the graphs of a key, owners of a custom auth, and what becomes a governed run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOAL, KEY, openShop, type Shop } from '../../story/shop.ts';
import type { World } from '../../story/world.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const NONE = '00000000-0000-4000-8000-000000000000';
type Answer = { status: number; body: unknown; text: string };
type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;

let shop: Shop;
let world: World;
let server: TestServer;

beforeAll(async () => {
  shop = await openShop();
  world = shop.world;
  server = await startServer({ home: world.home, config: new URL('../fixtures/attack.json', import.meta.url).pathname, env: KEY });
});
afterAll(async () => {
  await server.stop();
  await shop.close();
});

async function sent(url: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const init = { method, headers: { 'content-type': 'application/json', ...headers } };
  const answer = await fetch(`${url}${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, text, body: /^\s*[[{]/.test(text) ? JSON.parse(text) : undefined };
}

async function keyed(tenant: string, owner: string, roles: string[], graphs: string[] | null = null): Promise<Send> {
  const { key } = await issueKey(server.runtime.stores.served.keys, { tenant, owner, roles, graphs });
  return (method, path, body) => sent(server.url, method, path, body, { 'x-api-key': key });
}

const idOf = (answer: Answer, member = 'thread_id'): string =>
  String(Object.entries(answer.body ?? {}).find(([name]) => name === member)?.[1]);

describe('a tenant', () => {
  /** Whatever a route needs, so that only the id decides. */
  const BODIES: Record<string, unknown> = {
    'post /threads/{thread_id}/state': { values: { n: 7 }, as_node: 'one' },
    'post /threads/{thread_id}/state/checkpoint': { checkpoint: {} },
    'post /threads/{thread_id}/runs': { assistant_id: 'two', input: {} },
    'post /threads/{thread_id}/runs/stream': { assistant_id: 'two', input: {} },
    'post /threads/{thread_id}/runs/crons': { assistant_id: 'two', schedule: '0 9 * * *' },
    'post /feedback/tokens/{token}': { score: 1 },
    'post /threads/{thread_id}/runs/wait': { assistant_id: 'two', input: {} },
    'post /threads/{thread_id}/commands': { id: 1, method: 'state.get' },
    'post /assistants/{assistant_id}/latest': { version: 1 },
    'post /governor/threads/{thread_id}/rollback': { reason: 'x' },
    'post /governor/threads/{thread_id}/comments': { text: 'x' },
    'post /governor/threads/{thread_id}/break-glass': { for: 'service:acme', reason: 'x' },
    'post /governor/approvals/{approval_id}': { decision: 'approved', subject: 'x' },
  };

  /** Begin before their thread exists, so another's is as silent as none: `server/protocol/follow-thread.test.ts` listens to it. */
  const SILENT = ['post /threads/{thread_id}/stream/events'];

  test('finds nothing of another one by any route that names an id, in the words of what is not there', async () => {
    const ours = await keyed('acme', 'service:acme', ['viewer', 'operator', 'approver', 'admin']);
    const theirs = await keyed('zeta', 'service:zeta', ['viewer', 'operator', 'approver', 'admin']);
    const thread = idOf(await ours('POST', '/threads', { metadata: { secret: 'S3CRET' } }));
    const run = await ours('POST', `/threads/${thread}/runs`, { assistant_id: 'two', input: { n: 1 }, metadata: { secret: 'S3CRET' } });
    const ids: Record<string, string> = {
      thread_id: thread,
      run_id: idOf(run, 'run_id'),
      assistant_id: idOf(await ours('POST', '/assistants', { graph_id: 'two', name: 'S3CRET' }), 'assistant_id'),
      checkpoint_id: NONE,
      approval_id: '0'.repeat(32),
      cron_id: idOf(
        await ours('POST', '/runs/crons', { assistant_id: 'two', schedule: '0 9 * * *', metadata: { secret: 'S3CRET' } }),
        'cron_id',
      ),
      name: 'x',
      namespace: 'x',
    };
    await ours('GET', `/threads/${thread}/runs/${ids['run_id']}/join`);
    ids['checkpoint_id'] = String(/"checkpoint_id":"([^"]+)"/.exec((await ours('GET', `/threads/${thread}/state`)).text)?.[1]);
    const before = await ours('GET', `/threads/${thread}`);
    const paths = Object.entries((await theirs('GET', '/openapi.json')).body ?? {}).find(([name]) => name === 'paths')?.[1] as Record<
      string,
      object
    >;
    let asked = 0;
    for (const [path, methods] of Object.entries(paths).filter(([name]) => name.includes('{')))
      for (const method of Object.keys(methods).filter((name) => /^(get|post|put|patch|delete)$/.test(name))) {
        if (SILENT.includes(`${method} ${path}`)) continue;
        const at = (own: Record<string, string>): string => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => own[name] ?? NONE);
        const nobodys = { ...ids, thread_id: NONE, run_id: NONE, assistant_id: NONE, cron_id: NONE };
        const body = method === 'get' ? undefined : (BODIES[`${method} ${path}`] ?? {});
        const [foreign, missing] = [
          await theirs(method.toUpperCase(), at(ids), body),
          await theirs(method.toUpperCase(), at(nobodys), body),
        ];
        const plain = (text: string): string =>
          Object.values(ids).reduce((all, id) => all.replaceAll(id, 'ID'), text.replaceAll(NONE, 'ID'));
        expect(foreign, `${method} ${path}`).toMatchObject({ status: 404 });
        expect(plain(foreign.text), `${method} ${path}`).toBe(plain(missing.text));
        asked += 1;
      }
    expect(asked).toBeGreaterThan(30);
    for (const path of [
      '/threads/search',
      '/runs/crons/search',
      '/assistants/search',
      '/store/items/search',
      '/store/namespaces',
      '/threads/count',
    ])
      expect((await theirs('POST', path, path.includes('items') ? { namespace_prefix: [] } : {})).text).not.toContain('S3CRET');
    expect(await theirs('POST', '/runs/cancel', { status: 'all' })).toMatchObject({ status: 204 });
    expect(await theirs('POST', '/threads/prune', { thread_ids: [thread] })).toMatchObject({ body: { pruned_count: 0 } });
    expect(await ours('GET', `/threads/${thread}`)).toEqual(before);
    // What counts all tenants together is for the operator's own.
    for (const path of ['/metrics', '/governor/audit/verify']) expect(await theirs('GET', path)).toMatchObject({ status: 403 });
  });
});

test('a key for some graphs sees, edits and decides nothing on threads of others', async () => {
  const all = await keyed('acme', 'service:all', ['operator']);
  const two = await keyed('acme', 'service:two', ['viewer', 'operator', 'approver', 'admin'], ['two']);
  const thread = idOf(await all('POST', '/threads', {}));
  await all('POST', `/threads/${thread}/runs/wait`, { assistant_id: 'ask', input: { n: 41 } });
  for (const [method, path, body] of [
    ['GET', ''],
    ['GET', '/state'],
    ['GET', '/history'],
    ['GET', '/runs'],
    ['POST', '/state', { values: { n: 1 }, as_node: 'first' }],
    ['POST', '/copy'],
    ['PATCH', '', { metadata: { graph_id: 'two' } }],
    ['DELETE', ''],
    ['POST', '/runs/wait', { assistant_id: 'two', input: {} }],
  ] as const)
    expect(await two(method, `/threads/${thread}${path}`, body), `${method} ${path}`).toMatchObject({ status: 404 });
  expect((await two('POST', '/threads/search', {})).text).not.toContain(thread);
  expect((await two('POST', '/threads', { metadata: { graph_id: 'ask' } })).status).toBe(403);
  expect((await two('GET', '/governor/approvals')).body).toEqual([]);
  const own = idOf(await two('POST', '/threads', {}));
  expect((await two('POST', `/threads/${own}/runs/wait`, { assistant_id: 'two', input: {} })).body).toMatchObject({ n: 2 });
  expect((await two('POST', '/threads/search', {})).text).toContain(own);
  const stateless = idOf(await two('POST', '/runs', { assistant_id: 'two', input: {} }), 'run_id');
  expect((await two('GET', `/runs/${stateless}/wait`)).status).toBe(200);
});

describe('a governed run', () => {
  test('that the builder graph begins is its caller’s own, in a repository of the operator, and by nothing but its input', async () => {
    const both = await keyed('acme', 'service:both', ['operator', 'approver']);
    const thread = idOf(await both('POST', '/threads', {}));
    const on = (body: object) => both('POST', `/threads/${thread}/runs`, { assistant_id: 'builder', ...body });
    const outside = { goal: GOAL, repo: world.folder };
    expect(await on({ input: outside })).toMatchObject({ status: 422 });
    expect(await on({ input: null })).toMatchObject({ status: 422 });
    expect(await on({ input: null, command: { update: outside, goto: 'brief' } })).toMatchObject({ status: 409 });
    expect(await on({ input: { goal: GOAL, repo: 'shop' }, after_seconds: 60 })).toMatchObject({ status: 422 });
    const edited = idOf(await both('POST', '/threads', { metadata: { graph_id: 'builder' } }));
    await both('POST', `/threads/${edited}/state`, { values: outside, as_node: '__start__' });
    expect(await both('POST', `/threads/${edited}/runs`, { assistant_id: 'builder', input: null })).toMatchObject({ status: 422 });
    expect(await server.runtime.stores.runs.get(edited)).toBeUndefined();
    expect(await on({ input: { goal: GOAL, repo: 'shop' } })).toMatchObject({ status: 200 });
    // Who started it may not approve it, wherever it goes on.
    expect(await server.runtime.stores.runs.get(thread)).toMatchObject({ input: { starter: 'service:both', repo: world.repo } });
    await both('POST', '/runs/cancel', { thread_id: thread });
  });

  test('takes no thread on which another graph’s run waits, and none runs on it that was put before', async () => {
    const operator = await keyed('acme', 'service:op', ['operator']);
    const thread = idOf(await operator('POST', '/threads', {}));
    await operator('POST', `/threads/${thread}/runs`, { assistant_id: 'two', input: {}, after_seconds: 60 });
    const goal = { assistant_id: 'governor', input: { goal: GOAL, repo: 'shop' } };
    expect(await operator('POST', `/threads/${thread}/runs`, goal)).toMatchObject({ status: 409 });
    expect(await server.runtime.stores.runs.get(thread)).toBeUndefined();
  });

  test('is not stopped by a refused deletion', async () => {
    const operator = await keyed('acme', 'service:op2', ['operator']);
    const thread = idOf(await operator('POST', '/threads', {}));
    const run = await operator('POST', `/threads/${thread}/runs`, {
      assistant_id: 'governor',
      input: { goal: GOAL, repo: 'shop' },
      after_seconds: 60,
    });
    expect(await operator('DELETE', `/threads/${thread}`)).toMatchObject({ status: 409 });
    expect((await operator('GET', `/threads/${thread}/runs/${idOf(run, 'run_id')}`)).body).toMatchObject({ status: 'pending' });
    const approver = await keyed('acme', 'service:appr', ['approver']);
    const stop = { assistant_id: 'governor', command: { resume: [{ type: 'ignore' }] }, multitask_strategy: 'interrupt' };
    expect(await approver('POST', `/threads/${thread}/runs`, stop)).toMatchObject({ status: 403 });
  });
});

test('nobody is whom an assistant says; nothing that is asked for holds up everybody', async () => {
  const operator = await keyed('acme', 'service:spy', ['operator']);
  const configurable = { langgraph_auth_user: { identity: 'root' }, langgraph_auth_user_id: 'root', __x: 1, checkpoint_ns: 'evil' };
  const assistant = idOf(await operator('POST', '/assistants', { graph_id: 'spy', config: { configurable } }), 'assistant_id');
  expect((await operator('POST', '/runs/wait', { assistant_id: assistant, input: { asked: 'who' } })).body).toMatchObject({ user: null });
  const list = Array.from({ length: 30_000 }, (_, index) => index);
  const objects = list.slice(0, 5000).map((n) => ({ n }));
  await operator('POST', '/threads', { metadata: { list, objects } });
  const since = performance.now();
  expect((await operator('POST', '/threads/count', { metadata: { list: list.toReversed() } })).text).toBe('1');
  expect(await operator('POST', '/threads/count', { metadata: { objects: objects.toReversed() } })).toMatchObject({ status: 422 });
  expect(performance.now() - since).toBeLessThan(1500);
  expect(await operator('POST', '/threads', { ttl: 1e308 })).toMatchObject({ status: 422 });
  const wide = Object.fromEntries(list.map((n) => [`k${n}`, n]));
  expect(await operator('POST', '/threads', { metadata: wide })).toMatchObject({ status: 422 });
});

test('no listing takes the memory that all share', async () => {
  const operator = await keyed('large', 'service:large', ['operator']);
  const value = { text: 'x'.repeat(17 * 1024 * 1024) };
  for (const key of ['a', 'b', 'c', 'd']) await operator('PUT', '/store/items', { namespace: ['large'], key, value });
  const all = await operator('POST', '/store/items/search', { namespace_prefix: ['large'] });
  expect(all).toMatchObject({ status: 422, text: expect.stringMatching(/limit: the first 4 rows .* ask for fewer/) });
  expect(await operator('POST', '/store/items/search', { namespace_prefix: ['large'], limit: 1 })).toMatchObject({ status: 200 });
});

test('with a custom auth that lets everybody create, nobody copies what they may not read', async () => {
  const home = mkdtempSync(join(tmpdir(), 'governor-server-'));
  const own = await startServer({ home, config: new URL('../fixtures/auth/stamps.json', import.meta.url).pathname });
  const as = (name: string) => (method: string, path: string, body?: unknown) =>
    sent(own.url, method, path, body, { authorization: `Bearer ${name}` });
  const [alice, mallory] = [as('alice'), as('mallory')];
  const thread = idOf(await alice('POST', '/threads', { metadata: { secret: 1 } }));
  expect(await mallory('POST', `/threads/${thread}/copy`)).toMatchObject({ status: 404 });
  const copy = await alice('POST', `/threads/${thread}/copy`);
  expect(copy.body).toMatchObject({ metadata: { owner: 'alice', secret: 1 } });
  expect((await alice('POST', '/threads/search', {})).text).toContain(idOf(copy));
  await own.stop();
  rmSync(home, { recursive: true, force: true });
});
