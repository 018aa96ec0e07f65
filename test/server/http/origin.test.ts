/** Which web pages may call, over real HTTP: rebound names and foreign pages are refused, others get the headers they need. */
import { request } from 'node:http';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardOrigin, isLoopback } from '../../../server/http/origin.ts';
import { Problem, problemResponse } from '../../../server/http/problem.ts';
import { listen } from '../harness.ts';

let port: number;
let close: () => void;
let calls = 0;

beforeAll(async () => {
  const app = new Hono();
  app.use(
    '*',
    guardOrigin({
      hosts: ['governor.example.com', '[fd00::5]', 'fd00::6'],
      origins: ['https://chat.example.com', 'https://dev.example.com:8443'],
    }),
  );
  app.use('*', async (_c, next) => {
    calls += 1;
    await next();
  });
  app.all('/plain', () => new Response('hello', { headers: { 'content-location': '/threads/a/runs/b' } }));
  app.get('/fetched', () => Response.redirect('http://127.0.0.1/elsewhere', 302));
  app.get('/generous', (c) => c.body('x', 200, { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }));
  app.get('/broken', () => {
    throw new Problem(409, 'Thread is busy');
  });
  app.onError((error) => problemResponse(error instanceof Problem ? error : new Problem(500, 'broken'), false));
  ({ port, close } = await listen(app));
});
afterAll(() => close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** As a client that may set any header, which `fetch` may not. */
function send(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const corsOf = (answer: Answer): string[] => Object.keys(answer.headers).filter((name) => name.startsWith('access-control'));
const FOREIGN = [
  'https://evil.example.com',
  'null',
  'https://smith.langchain.com.evil.com',
  'http://smith.langchain.com',
  'https://chat.example.com:444',
  'http://127.0.0.1.evil.com',
  'http://localhost.evil.com',
  'https://dev.example.com',
  'file://',
  'rubbish',
];
const FRIENDLY = [
  'http://localhost:3000',
  'http://127.0.0.1:5173',
  'http://[::1]:8080',
  'https://app.localhost',
  'https://smith.langchain.com',
  'https://chat.example.com',
  'https://dev.example.com:8443',
];

describe('Host', () => {
  it.each([
    '127.0.0.1',
    'localhost',
    'LOCALHOST:80',
    '[::1]:2024',
    'agent.localhost',
    'governor.example.com',
    'governor.example.com:8443',
    '[fd00::5]',
    '[FD00::6]:2024',
  ])('%s is ours', async (host) => {
    expect((await send('POST', '/plain', { host })).status).toBe(200);
  });

  it.each([
    'evil.example.com',
    '127.0.0.1.evil.com',
    'localhost.evil.com',
    'a.governor.example.com',
    '192.168.1.5',
    'evil.com:2024',
    'a b',
    '[::2]',
  ])('%s, which a page may have bound to this address, is refused for every method', async (host) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const before = calls;
      const answer = await send(method, '/plain', { host, origin: `http://${host}` });
      expect(answer.status).toBeOneOf([400, 403]);
      expect(corsOf(answer)).toEqual([]);
      expect(calls).toBe(before);
    }
  });

  it('the refusal says which and where it is configured', async () => {
    const answer = await send('GET', '/plain', { host: 'evil.example.com' });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toEqual({
      detail: 'host "evil.example.com": this server is not known by that name; operator.yaml names it: server.hosts',
    });
  });
});

describe('Origin', () => {
  it.each(FOREIGN)('an unsafe request of a page of %s is 403 before anything runs, without CORS headers', async (origin) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const before = calls;
      const answer = await send(method, '/plain', { origin, 'content-type': 'text/plain' });
      expect(answer.status).toBe(403);
      expect(corsOf(answer)).toEqual([]);
      expect(calls).toBe(before);
    }
  });

  it.each(FOREIGN)('a page of %s cannot read an answer: it has no CORS headers', async (origin) => {
    for (const path of ['/plain', '/generous', '/fetched']) expect(corsOf(await send('GET', path, { origin }))).toEqual([]);
  });

  it.each(FRIENDLY)('a page of %s calls and reads', async (origin) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await send(method, '/plain', { origin });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'content-location, location, x-pagination-total, x-pagination-next',
        'content-location': '/threads/a/runs/b',
        vary: 'Origin',
      });
    }
  });

  it('a page that a configured host delivered may call it', async () => {
    const answer = await send('POST', '/plain', { host: 'governor.example.com:8443', origin: 'https://governor.example.com:8443' });
    expect(answer.status).toBe(200);
    expect((await send('POST', '/plain', { host: 'governor.example.com:8443', origin: 'https://governor.example.com' })).status).toBe(403);
  });

  it('without one, as programs send, there is nothing to check and nothing to add', async () => {
    const answer = await send('POST', '/plain');
    expect([answer.status, corsOf(answer)]).toEqual([200, []]);
  });

  it('errors and answers of other makers can be read too; what a custom app allows does not count', async () => {
    const origin = 'http://localhost:3000';
    expect(await send('GET', '/broken', { origin })).toMatchObject({ status: 409, headers: { 'access-control-allow-origin': origin } });
    expect(await send('GET', '/fetched', { origin })).toMatchObject({ status: 302, headers: { 'access-control-allow-origin': origin } });
    const { headers } = await send('GET', '/generous', { origin });
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });
});

describe('a preflight', () => {
  const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };

  it('of a friendly page is answered without a route, with every header that the clients use', async () => {
    const before = calls;
    const answer = await send('OPTIONS', '/nowhere', { ...ask, origin: 'https://smith.langchain.com' });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://smith.langchain.com',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': 'content-type, x-auth-scheme, x-api-key, authorization, last-event-id, idempotency-key, prefer',
      vary: 'Origin',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-private-network');
    expect(calls).toBe(before);
  });

  it('lets a friendly page send headers of its own, which graphs read', async () => {
    const headers = { ...ask, origin: 'http://localhost:3000', 'access-control-request-headers': 'content-type, X-Mine,x y, *' };
    expect((await send('OPTIONS', '/threads', headers)).headers['access-control-allow-headers']).toMatch(/prefer, x-mine$/);
    expect((await send('OPTIONS', '/threads', { ...headers, origin: 'https://evil.example' })).status).toBe(403);
  });

  it('that asks for the private network is told yes, when its page may call', async () => {
    const asks = { ...ask, 'access-control-request-private-network': 'true' };
    const answer = await send('OPTIONS', '/plain', { ...asks, origin: 'https://smith.langchain.com' });
    expect(answer.headers['access-control-allow-private-network']).toBe('true');
    expect(corsOf(await send('OPTIONS', '/plain', { ...asks, origin: 'https://evil.example.com' }))).toEqual([]);
  });
});

it('a request inside the process is checked by its address', async () => {
  const app = new Hono();
  app.use('*', guardOrigin({ hosts: [], origins: [], asText: true }));
  app.get('/', () => new Response('hello'));
  expect((await app.request('/')).status).toBe(200);
  const refused = await app.request('http://evil.example.com/');
  expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/plain; charset=UTF-8']);
});

it.each(['127.1', '128.0.0.1', '1270.0.0.1', '127.0.0.1.evil.com', 'localhosts', 'xlocalhost', '0.0.0.0', '::', ''])(
  '%j is not loopback',
  (name) => {
    expect(isLoopback(name)).toBe(false);
  },
);
