/** Idempotency-Key over HTTP: done once, answered again alike, refused for another request, free after a failure. */
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createIdempotency } from '../../../checkpoints/served/idempotency.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Served } from '../../../domain/server-stores.ts';
import type { Caller, Permission } from '../../../server/auth/caller.ts';
import type { Endpoint } from '../../../server/http/endpoint.ts';
import { withIdempotency } from '../../../server/http/idempotency.ts';
import { Problem, problemOf, problemResponse } from '../../../server/http/problem.ts';
import { type Home, makeHome } from '../../checkpoints/home.ts';
import { startServer, type TestServer } from '../serving.ts';

let home: Home;
let database: ReturnType<typeof openDatabase>;
let app: Hono;
let work: () => Promise<Response>;
let permission: Permission;
let done: number;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
  const served = { idempotency: createIdempotency(sqliteSql(database), home.clock) } as Served; // the one store that is asked
  done = 0;
  permission = 'run';
  work = async () => Response.json({ done }, { status: 201, headers: { 'content-location': '/threads/t/runs/r', 'set-cookie': 'a=b' } });
  app = new Hono();
  app.onError((error) => problemResponse(problemOf(error) ?? new Problem(500, error.message), false));
  app.all('*', async (c) => {
    const caller: Caller = {
      person: { id: c.req.header('x-me') ?? 'ada', roles: ['operator'], method: 'local', alone: false },
      tenant: c.req.header('x-tenant') ?? 'acme',
      authorize: async () => undefined,
    };
    const count = (): Promise<Response> => {
      done += 1;
      return work();
    };
    const method = c.req.method.toLowerCase() as Endpoint['method']; // the tests send no other
    const endpoint = {
      method,
      path: c.req.path,
      permission,
      media: c.req.path.endsWith('/stream') ? 'text/event-stream' : 'application/json',
    };
    const rejoin = async (location: string): Promise<Response> => Response.json({ joined: location });
    return withIdempotency({ served }, { call: { c, caller }, endpoint, body: await c.req.text() }, { work: count, rejoin });
  });
});
afterEach(() => {
  database.close();
  home.dispose();
});

const post = (key: string | undefined, body = '{"a":1}', headers: Record<string, string> = {}, path = '/threads', method = 'POST') =>
  app.request(path, { method, body, headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) } });

test('the same request again gets the kept answer and does nothing', async () => {
  const first = await post('k');
  expect([first.status, await first.json(), first.headers.get('idempotent-replayed')]).toEqual([201, { done: 1 }, null]);
  const again = await post('k');
  expect([again.status, await again.json()]).toEqual([201, { done: 1 }]);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.headers.get('content-location')).toBe('/threads/t/runs/r');
  expect(again.headers.get('content-type')).toBe('application/json');
  expect(again.headers.get('set-cookie')).toBeNull();
  expect(done).toBe(1);
});

test('without a key everything is done each time', async () => {
  await post(undefined);
  await post(undefined);
  expect(done).toBe(2);
});

test.each([
  ['another body', (): Promise<Response> | Response => post('k', '{"a":2}')],
  ['another query', () => post('k', '{"a":1}', {}, '/threads?x=1')],
])('%s under the same key is 422 naming the key', async (_, ask) => {
  await post('k');
  const answer = await ask();
  expect([answer.status, await answer.json()]).toEqual([
    422,
    { detail: 'Idempotency-Key "k": was used for another request; take a new key' },
  ]);
  expect(done).toBe(1);
});

test.each([
  ['another person', (): Promise<Response> | Response => post('k', '{"a":1}', { 'x-me': 'bob' })],
  ['another tenant', () => post('k', '{"a":1}', { 'x-tenant': 'other' })],
  ['another path', () => post('k', '{"a":1}', {}, '/runs')],
  ['another method', () => post('k', '{"a":1}', {}, '/threads', 'PUT')],
])('%s has keys of its own', async (_, ask) => {
  await post('k');
  const answer = await ask();
  expect([answer.status, await answer.json()]).toEqual([201, { done: 2 }]);
});

test('while the first is under way the second is 409, and a minute later it may go', async () => {
  let finish: (response: Response) => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    work = () =>
      new Promise((settle) => {
        finish = settle;
        resolve();
      });
  });
  const first = post('k');
  await begun;
  const second = await post('k');
  expect([second.status, await second.json()]).toEqual([
    409,
    { detail: 'Idempotency-Key "k": the first request with it is still under way' },
  ]);
  finish(Response.json('first'));
  expect(await (await first).json()).toBe('first');
  expect(await (await post('k')).json()).toBe('first');
});

test('a request that failed frees its key', async () => {
  work = async () => {
    throw new Problem(404, 'thread x: is not there');
  };
  expect((await post('k')).status).toBe(404);
  work = async () => Response.json({ detail: 'no' }, { status: 409 });
  expect((await post('k')).status).toBe(409);
  work = async () => Response.json('yes');
  expect(await (await post('k', 'another body')).json()).toBe('yes');
  expect(done).toBe(3);
});

test('an answer without a body is replayed without one', async () => {
  work = async () => new Response(null, { status: 204 });
  expect((await post('k', '', {}, '/threads/t', 'DELETE')).status).toBe(204);
  const again = await post('k', '', {}, '/threads/t', 'DELETE');
  expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([204, null, 'true']);
});

test('a stream is kept as a pointer from its beginning, and rejoined', async () => {
  const headers = { 'content-type': 'text/event-stream', location: '/threads/t/runs/r/stream', 'content-location': '/threads/t/runs/r' };
  // It never ends: whoever waited for its body would wait for ever.
  work = async () =>
    new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('event: metadata\n\n')) }), {
      headers,
    });
  const first = await post('k', '{}', {}, '/threads/t/runs/stream');
  expect(first.headers.get('location')).toBe('/threads/t/runs/r/stream');
  await first.body?.cancel();
  const again = await post('k', '{}', {}, '/threads/t/runs/stream');
  expect(await again.json()).toEqual({ joined: '/threads/t/runs/r/stream' });
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(done).toBe(1);
});

test('a route that only reads is done each time', async () => {
  permission = 'read';
  await post('k');
  await post('k', 'another body');
  expect(done).toBe(2);
});

test('an answer too long to keep is told once; that it was done is kept', async () => {
  work = async () => Response.json('x'.repeat(1_100_000));
  expect(await (await post('k')).text()).toHaveLength(1_100_002);
  const again = await post('k');
  expect(again.status).toBe(409);
  expect(await again.json()).toEqual({
    detail: 'Idempotency-Key: the request was done; its answer of 1100002 bytes is over the 1048576 that are kept',
  });
  expect(done).toBe(1);
});

test.each([['x'.repeat(256)], ['']])('a key that is too long or empty is 422', async (key) => {
  const answer = await post(key);
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('1 to 255 printable') });
  expect(done).toBe(0);
});

describe('over the whole server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  const runs = async (thread: string) => (await server.client.runs.list(thread)).length;

  test('a stream sent again is the stream of the same run', async () => {
    const { thread_id } = await server.client.threads.create();
    const send = () =>
      server.send('POST', `/threads/${thread_id}/runs/stream`, { assistant_id: 'two', input: { n: 1 } }, { 'idempotency-key': 's1' });
    const first = await send();
    const again = await send();
    expect(first.body).toContain('event: values');
    expect(again.body).toBe(first.body);
    expect(again.headers.get('content-location')).toBe(first.headers.get('content-location'));
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
    expect(await runs(thread_id)).toBe(1);
  });

  test('a wait sent again, while the first still waits, gets the same output', async () => {
    const { thread_id } = await server.client.threads.create();
    const wanted = { assistant_id: 'slow', input: {}, config: { configurable: { steps: 2, ms: 150 } } };
    const first = fetch(`${server.url}/threads/${thread_id}/runs/wait`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'w1' },
      body: JSON.stringify(wanted),
    });
    const begun = await first;
    const again = await server.send('POST', `/threads/${thread_id}/runs/wait`, wanted, { 'idempotency-key': 'w1' });
    expect(again.body).toEqual({ n: 2, log: ['step 1', 'step 2'] });
    expect(await begun.json()).toEqual(again.body);
    expect(await runs(thread_id)).toBe(1);
  });

  test('a crash after the run was put and before its answer was kept starts no second run', async () => {
    const { thread_id } = await server.client.threads.create();
    const database = openDatabase(join(server.home, 'governor.sqlite'));
    for (const kind of ['', '/stream', '/wait']) {
      const send = () =>
        server.send('POST', `/threads/${thread_id}/runs${kind}`, { assistant_id: 'two', input: {} }, { 'idempotency-key': `c${kind}` });
      const first = await send();
      const before = await runs(thread_id);
      // As the process leaves it that dies there, more than a minute ago.
      database.prepare("UPDATE idempotency SET answer = NULL, created_at = '2020-01-01T00:00:00.000Z'").run();
      const again = await send();
      expect(again.status).toBe(200);
      expect(again.headers.get('content-location')).toBe(first.headers.get('content-location'));
      expect(await runs(thread_id)).toBe(before);
    }
    expect(await runs(thread_id)).toBe(3);
    const batch = () => server.send('POST', '/runs/batch', [{ assistant_id: 'two' }, { assistant_id: 'two' }], { 'idempotency-key': 'b' });
    const ids = (answer: { body: unknown }) => (answer.body as { run_id: string }[]).map((run) => run.run_id); // what a batch answers
    const first = ids(await batch());
    database.prepare("UPDATE idempotency SET answer = NULL, created_at = '2020-01-01T00:00:00.000Z'").run();
    expect(ids(await batch())).toEqual(first);
    expect(new Set(first).size).toBe(2);
    database.close();
  });

  test('a thread created again is the one that was created, and a conflict is no kept answer', async () => {
    const send = (body: object) => server.send('POST', '/threads', body, { 'idempotency-key': 't1' });
    const first = await send({ metadata: { a: 1 } });
    const again = await send({ metadata: { a: 1 } });
    expect(again.body).toEqual(first.body);
    expect((await send({ metadata: { a: 2 } })).status).toBe(422);
    const missing = () => server.send('DELETE', '/threads/00000000-0000-4000-8000-000000000000', undefined, { 'idempotency-key': 'd1' });
    expect([(await missing()).status, (await missing()).status]).toEqual([404, 404]);
  });
});
