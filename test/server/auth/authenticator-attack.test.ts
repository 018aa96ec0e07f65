/** Who somebody is not: forged tokens, claimed schemes and users, foreign pages and odd paths, over HTTP to the real server. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const ISSUER = 'https://login.example.com';
const ATTACK = new URL('../fixtures/attack.json', import.meta.url).pathname;
const STAMPS = new URL('../fixtures/auth/stamps.json', import.meta.url).pathname;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

let home: string;
let server: TestServer;
let operator: string;
let viewer: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-auth-'));
  writeFileSync(join(home, 'issuer.pem'), pem);
  const jwt = { issuer: ISSUER, audience: 'governor', algorithms: ['RS256'], publicKeyFile: join(home, 'issuer.pem'), rolesClaim: 'roles' };
  writeFileSync(join(home, 'operator.yaml'), JSON.stringify({ server: { auth: { jwt } } }));
  server = await startServer({ home, config: ATTACK });
  const { keys } = server.runtime.stores.served;
  operator = (await issueKey(keys, { owner: 'service:op' })).key;
  viewer = (await issueKey(keys, { owner: 'service:viewer', roles: ['viewer'] })).key;
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

const seconds = (): number => Math.floor(Date.now() / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: 'governor',
  sub: 'ada',
  exp: seconds() + 600,
  roles: ['operator'],
  ...more,
});
const without = (name: string): JWTPayload => Object.fromEntries(Object.entries(claims()).filter(([key]) => key !== name));
const signed = (payload: JWTPayload, key = rsa.privateKey): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(key);
const forged = (header: object, sign: (input: string) => string): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(claims({ roles: ['admin'] }))}`;
  return `${input}.${sign(input)}`;
};
const create = (headers: Record<string, string>) => server.send('POST', '/threads', {}, headers);

describe('nobody is let in by', () => {
  test('a token that is forged, old, unlimited, foreign, of no algorithm, or of another one', async () => {
    expect(await create({ authorization: `Bearer ${await signed(claims())}` })).toMatchObject({ status: 200 });
    const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
    const bad: Record<string, string> = {
      expired: await signed(claims({ exp: seconds() - 120 })),
      'without an end': await signed(without('exp')),
      'without a subject': await signed(without('sub')),
      'of another issuer': await signed(claims({ iss: 'https://evil.example' })),
      'for another audience': await signed(claims({ aud: 'other' })),
      'of another key': await signed(claims(), foreign.privateKey),
      'alg none': forged({ alg: 'none' }, () => ''),
      'alg None, with a signature': forged({ alg: 'None' }, hmac('x')),
      'the public key as a secret': forged({ alg: 'HS256' }, hmac(pem)),
      'a key of its own': forged({ alg: 'RS256', jwk: foreign.publicKey.export({ format: 'jwk' }), kid: '../../etc/passwd' }, hmac('x')),
      'half of one': (await signed(claims())).slice(0, -20),
    };
    for (const [how, token] of Object.entries(bad)) {
      expect((await create({ authorization: `Bearer ${token}` })).status, how).toBe(401);
      expect((await create({ 'x-api-key': token })).status, how).toBe(401);
    }
  });

  test('no credential, a claimed scheme, a forwarded address, or a key that is cut, longer or of another case', async () => {
    const nobody: Record<string, string>[] = [
      {},
      { 'x-auth-scheme': 'langsmith' },
      { 'x-auth-scheme': 'langsmith', origin: 'https://smith.langchain.com' },
      { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' },
      { 'x-user-id': 'service:op', 'x-tenant-id': 'default' },
      { authorization: 'Basic YTpi' },
      { authorization: `bearer ${operator.slice(0, -1)}` },
      { 'x-api-key': `${operator}x` },
      { 'x-api-key': operator.toUpperCase() },
      { cookie: `x-api-key=${operator}` },
    ];
    for (const headers of nobody) expect((await create(headers)).status, JSON.stringify(headers)).toBe(401);
    expect((await create({ 'x-api-key': viewer })).status).toBe(403);
    expect((await create({ 'x-api-key': operator, 'x-auth-scheme': 'langsmith' })).status).toBe(200);
  });
});

test('nobody is who they say in a run, its assistant, its headers or their metadata', async () => {
  const headers = { 'x-api-key': operator, 'x-auth-scheme': 'langsmith' };
  const me = {
    langgraph_auth_user: { identity: 'root', permissions: ['admin'] },
    langgraph_auth_user_id: 'root',
    __governor: { person: 'root' },
  };
  const assistant = (await server.send('POST', '/assistants', { graph_id: 'spy', config: { configurable: me }, metadata: me }, headers))
    .body;
  const { assistant_id } = assistant as { assistant_id: string }; // a created assistant
  for (const body of [
    { assistant_id, input: { asked: 'who' } },
    { assistant_id: 'spy', input: { asked: 'who' }, config: { configurable: me }, metadata: me },
    { assistant_id: 'spy', input: { asked: 'who', user: { identity: 'root' } }, context: me },
  ]) {
    const answer = await server.send('POST', '/runs/wait', body, { ...headers, 'x-langgraph-auth-user': 'root' });
    expect(answer).toMatchObject({ status: 200, body: { asked: 'who' } });
    expect(JSON.stringify(answer.body)).not.toContain('root');
  }
});

test('whose a thread is says the server, whatever its metadata say', async () => {
  const { keys } = server.runtime.stores.served;
  const other = (await issueKey(keys, { tenant: 'zeta', owner: 'service:zeta' })).key;
  const claim = { tenant: 'zeta', owner: 'service:zeta', graph_id: 'two' };
  const made = (await server.send('POST', '/threads', { metadata: claim }, { 'x-api-key': operator })).body;
  const { thread_id } = made as { thread_id: string }; // a created thread
  expect((await server.send('PATCH', `/threads/${thread_id}`, { metadata: claim }, { 'x-api-key': operator })).status).toBe(200);
  expect((await server.send('GET', `/threads/${thread_id}`, undefined, { 'x-api-key': other })).status).toBe(404);
  expect((await server.send('POST', '/threads/search', { metadata: claim }, { 'x-api-key': other })).body).toEqual([]);

  const stamped = await startServer({ config: STAMPS });
  const as = (name: string) => (method: string, path: string, body?: unknown) =>
    stamped.send(method, path, body, { authorization: `Bearer ${name}` });
  const [alice, mallory] = [as('alice'), as('mallory')];
  const mine = (await mallory('POST', '/threads', { metadata: { owner: 'alice' } })).body;
  expect(mine).toMatchObject({ metadata: { owner: 'mallory' } });
  expect((await alice('POST', '/threads/search', {})).body).toEqual([]);
  await stamped.stop();
});

describe('a page of another site', () => {
  const evil = { origin: 'https://evil.example' };
  test('sends nothing, also not as plain text, and reads nothing', async () => {
    const before = (await server.send('POST', '/threads/count', {}, { 'x-api-key': operator })).body;
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
      const answer = await server.send('POST', '/threads', '{}', { ...evil, 'content-type': type, 'x-api-key': operator });
      expect(answer.status, type).toBe(403);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    const read = await server.send('GET', '/ok', undefined, evil);
    expect([...read.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await server.send('POST', '/threads', '{}', { origin: 'null', 'x-api-key': operator })).status).toBe(403);
    expect((await server.send('POST', '/threads/count', {}, { 'x-api-key': operator })).body).toBe(before);
  });

  test('by a name that was rebound is refused', async () => {
    const host = (name: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(
          `${server.url}/threads/search`,
          { method: 'POST', headers: { host: name, 'x-api-key': operator } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        );
        sent.on('error', reject);
        sent.end('{}');
      });
    expect(await host('evil.example')).toBe(403);
    expect(await host('127.0.0.1.evil.example')).toBe(403);
    expect(await host('localhost')).toBe(200);
  });
});

/** As the bytes of the path are: `fetch` would tidy it up. */
const raw = (method: string, path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const sent = request({ host: hostname, port, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end();
  });

test('no spelling of a path and no method comes to a handler without a credential', async () => {
  const secret = (await server.send('POST', '/threads', { metadata: { word: 'S3CRET' } }, { 'x-api-key': operator })).body;
  const { thread_id: id } = secret as { thread_id: string }; // a created thread
  const paths = [
    ...[
      `/threads/${id}`,
      `//threads/${id}`,
      `/threads//${id}`,
      `/Threads/${id}`,
      `/threads/${id}/`,
      `/threads/${id}?x=1`,
      `/threads/${id}#x`,
    ],
    ...[`/%74hreads/${id}`, `/ok/../threads/${id}`, `/ok/%2e%2e/threads/${id}`, `/docs/..%2fthreads/${id}`, `/threads/%2e/${id}`],
    ...[`/info;/../threads/${id}`, `/threads/${id}%00`, `/threads/${id}.json`, `http://127.0.0.1/threads/${id}`, `/ok?/threads/${id}`],
  ];
  for (const path of paths)
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'TRACE', 'PROPFIND']) {
      const answer = await raw(method, path);
      expect(answer.text, `${method} ${path}`).not.toContain('S3CRET');
      if (path.startsWith('/ok?')) continue;
      expect([400, 401, 404, 405], `${method} ${path}`).toContain(answer.status);
    }
  for (const method of ['PATCH', 'DELETE']) expect((await raw(method, `/threads/${id}`)).status).toBe(401);
  expect(await raw('GET', `/threads/${id}`, { 'x-api-key': operator })).toMatchObject({
    status: 200,
    text: expect.stringContaining('S3CRET'),
  });
});

test('names of threads that are commands, ranges or paths are no names', async () => {
  const names = ['--upload-pack=touch x', 'a..b', '../x', '-rf', 'x'.repeat(5000), 'refs/heads/main', '%2e%2e', 'a b', '\u202e', '*'];
  for (const name of names) {
    const made = await server.send('POST', '/threads', { thread_id: name }, { 'x-api-key': operator });
    expect(made.status, name.slice(0, 30)).toBe(422);
    const { status } = await raw('GET', `/threads/${encodeURIComponent(name)}`, { 'x-api-key': operator });
    expect([404, 422], name.slice(0, 30)).toContain(status);
  }
});
