/** Auth over the real server, with the official SDK: the behaviours of the official HTTP tests, keys, tenants and foreign pages. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@langchain/langgraph-sdk';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyRow } from '../../../domain/keys.ts';
import { SECRET } from '../fixtures/auth/auth.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/auth/', import.meta.url));
let server: TestServer;

async function open(config: string): Promise<void> {
  server = await startServer({ config: join(FIXTURES, config) });
}
const close = (): Promise<void> => server.stop();

const clientOf = (headers: Record<string, string>): Client =>
  new Client({ apiUrl: server.url, apiKey: null, defaultHeaders: headers, callerOptions: { maxRetries: 0 } });
const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: { status?: number }) => error.status ?? error,
  );

describe('a project with its own auth', () => {
  const login = async (sub: string, ...scopes: string[]): Promise<Client> => {
    const token = await new SignJWT({ sub, scopes: scopes.join(' ') }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET);
    return clientOf({ authorization: `Bearer ${token}` });
  };
  beforeAll(() => open('langgraph.json'));
  afterAll(close);

  it('public routes need nobody; all others need somebody', async () => {
    for (const path of ['/ok', '/info', '/openapi.json', '/docs']) expect((await fetch(server.url + path)).status).toBe(200);
    const refused = await fetch(`${server.url}/assistants/search`, { method: 'POST', body: '{}' });
    expect([refused.status, refused.headers.get('www-authenticate'), await refused.json()]).toEqual([
      401,
      'Bearer',
      { detail: 'Failed to verify' },
    ]);
    expect((await fetch(`${server.url}/threads`, { method: 'POST', body: '{}', headers: { 'x-auth-scheme': 'langsmith' } })).status).toBe(
      401,
    );
  });

  it('an unknown user is 401', async () => {
    expect(await statusOf((await login('wfh', 'me')).assistants.create({ graphId: 'agent' }))).toBe(401);
  });

  it('a user without the scope creates no assistant; with it the assistant carries its owner', async () => {
    expect(await statusOf((await login('johndoe')).assistants.create({ graphId: 'agent' }))).toBe(403);
    expect(await statusOf((await login('johndoe', 'foo')).assistants.create({ graphId: 'agent' }))).toBe(403);
    const user = await login('johndoe', 'assistants:write');
    const { assistant_id } = await user.assistants.create({ graphId: 'agent' });
    const mine = (await user.assistants.search({ graphId: 'agent' })).filter((row) => row.metadata?.['created_by'] !== 'system');
    expect(mine).toMatchObject([{ assistant_id, metadata: { owner: 'johndoe' } }]);
  });

  it('each user finds, changes and deletes their own assistants only', async () => {
    const [john, alice] = [await login('johndoe', 'assistants:write'), await login('alice', 'assistants:write')];
    const [his, hers] = [await john.assistants.create({ graphId: 'agent' }), await alice.assistants.create({ graphId: 'agent' })];
    const found = (await alice.assistants.search()).map((row) => row.assistant_id);
    expect(found).toContain(hers.assistant_id);
    expect(found).not.toContain(his.assistant_id);
    expect(await statusOf(alice.assistants.update(his.assistant_id, { metadata: { foo: 'bar' } }))).toBe(404);
    expect(await statusOf(alice.assistants.delete(his.assistant_id))).toBe(404);
    expect(await statusOf(alice.assistants.get(his.assistant_id))).toBe(404);
  });

  it('a thread of another user does not exist, whatever is asked of it', async () => {
    const [john, alice] = [await login('johndoe', 'me'), await login('alice', 'me')];
    const { thread_id: id } = await john.threads.create();
    await john.runs.wait(id, 'agent', { input: { asked: 'x' } });
    const run = await john.runs.create(id, 'agent', { input: { asked: 'y' } });
    await john.runs.join(id, run.run_id);
    expect((await john.threads.getHistory(id)).length).toBeGreaterThan(1);
    const input = { asked: 'z' };
    const tried: [string, Promise<unknown>][] = [
      ['get', alice.threads.get(id)],
      ['update', alice.threads.update(id, { metadata: { foo: 'bar' } })],
      ['copy', alice.threads.copy(id)],
      ['state', alice.threads.getState(id)],
      ['edit', alice.threads.updateState(id, { values: input })],
      ['history', alice.threads.getHistory(id)],
      ['run', alice.runs.wait(id, 'agent', { input })],
      ['create', alice.runs.create(id, 'agent', { input })],
      ['create or make', alice.runs.create(id, 'agent', { input, ifNotExists: 'create' })],
      ['runs', alice.runs.list(id)],
      ['run get', alice.runs.get(id, run.run_id)],
      ['join', alice.runs.join(id, run.run_id)],
      ['cancel', alice.runs.cancel(id, run.run_id)],
      ['run delete', alice.runs.delete(id, run.run_id)],
      ['delete', alice.threads.delete(id)],
    ];
    const seen = await Promise.all(tried.map(async ([name, work]) => [name, await statusOf(work)]));
    // A thread that another has cannot be made again either.
    expect(seen).toEqual(tried.map(([name]) => [name, name === 'create or make' ? expect.toBeOneOf([404, 409]) : 404]));
    expect(await alice.threads.search()).toEqual([]);
    expect(await john.threads.get(id)).toMatchObject({ metadata: { owner: 'johndoe' } });
  });

  it('a stream of another user’s run shows nothing', async () => {
    const [john, alice] = [await login('johndoe', 'me'), await login('alice', 'me')];
    const { thread_id: id } = await john.threads.create();
    const run = await john.runs.create(id, 'agent', { input: { asked: 'secret' } });
    const chunks: unknown[] = [];
    const listen = async (): Promise<void> => {
      for await (const chunk of alice.runs.joinStream(id, run.run_id)) chunks.push(chunk);
    };
    expect(await statusOf(listen())).toBe(404);
    expect(chunks).toEqual([]);
  });

  it('runs without a thread work, and the graph knows its caller, whatever the client says', async () => {
    const john = await login('johndoe', 'me', 'assistants:write');
    const config = { configurable: { langgraph_auth_user: { identity: 'root' }, langgraph_auth_user_id: 'root' } };
    const values = await john.runs.wait(null, 'agent', { input: { asked: 'x' }, config });
    expect(values).toMatchObject({
      asked: 'x',
      user: { identity: 'johndoe', permissions: ['assistants:write', 'me'], is_authenticated: true },
    });
  });

  it('no reader of a run sees what its caller is known by', async () => {
    const john = await login('johndoe', 'me');
    const { thread_id: id } = await john.threads.create();
    await john.runs.wait(id, 'agent', { input: { asked: 'x' } });
    const text = JSON.stringify([
      await john.runs.list(id),
      (await john.threads.get(id)).config,
      (await john.threads.getState(id)).metadata,
    ]);
    expect(text).not.toContain('langgraph_auth');
  });

  it('the store is open under one’s own name only', async () => {
    const john = await login('johndoe', 'me');
    await john.store.putItem(['johndoe', 'notes'], 'a', { text: 'x' });
    expect(await john.store.getItem(['johndoe', 'notes'], 'a')).toMatchObject({ value: { text: 'x' } });
    expect(await statusOf(john.store.putItem(['alice'], 'a', {}))).toBe(403);
    expect(await statusOf(john.store.getItem(['alice'], 'a'))).toBe(403);
    expect(await statusOf(john.store.searchItems(['alice']))).toBe(403);
    expect(await statusOf(john.store.listNamespaces())).toBe(403);
  });
});

describe('a project without, with keys', () => {
  const keyed = async (more: Partial<KeyRow>): Promise<Client> => {
    const { key } = await issueKey(server.runtime.stores.served.keys, more);
    return clientOf({ 'x-api-key': key });
  };
  beforeAll(() => open('open.json'));
  afterAll(close);

  it('the local operator works without a key until there is one', async () => {
    const local = clientOf({});
    expect(await local.runs.wait(null, 'agent', { input: { asked: 'x' } })).toMatchObject({ user: null });
    await keyed({});
    expect(await statusOf(local.threads.create())).toBe(401);
  });

  it('rows of another tenant do not exist', async () => {
    const [one, two] = [await keyed({ tenant: 'one' }), await keyed({ tenant: 'two' })];
    const { thread_id: id } = await one.threads.create();
    const { run_id } = await one.runs.create(id, 'agent', { input: { asked: 'x' } });
    await one.runs.join(id, run_id);
    const { assistant_id } = await one.assistants.create({ graphId: 'agent' });
    await one.store.putItem(['a'], 'b', { c: 1 });
    for (const work of [
      two.threads.get(id),
      two.threads.getState(id),
      two.runs.get(id, run_id),
      two.runs.join(id, run_id),
      two.assistants.get(assistant_id),
      two.threads.delete(id),
    ])
      expect(await statusOf(work)).toBe(404);
    expect(await two.threads.search()).toEqual([]);
    expect(await two.store.getItem(['a'], 'b')).toBeNull();
    expect((await two.assistants.search()).map((row) => row.metadata?.['created_by'])).toEqual(['system']);
  });

  it('a viewer looks and changes nothing', async () => {
    const viewer = await keyed({ roles: ['viewer'] });
    expect(await statusOf(viewer.threads.search())).toBe(200);
    for (const work of [
      viewer.threads.create(),
      viewer.runs.create(null, 'agent', {}),
      viewer.assistants.create({ graphId: 'agent' }),
      viewer.store.putItem(['a'], 'b', {}),
    ])
      expect(await statusOf(work)).toBe(403);
  });

  it('a key for other graphs runs none of these', async () => {
    const client = await keyed({ graphs: ['other'] });
    expect(await statusOf(client.runs.wait(null, 'agent', { input: { asked: 'x' } }))).toBeOneOf([403, 404]);
  });

  it('a foreign page is refused before it is asked who it is', async () => {
    const answer = await fetch(`${server.url}/threads`, {
      method: 'POST',
      body: '{}',
      headers: { origin: 'https://evil.example.com', 'content-type': 'text/plain' },
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });
});
