/** A server without a key answers only its own user: by the kernel's word for a connection, or by a token where the system gives none. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { localToken, TOKEN_FILE } from '../../../server/auth/local-token.ts';
import { openLocalUser } from '../../../server/auth/local-user.ts';
import type { SocketTable } from '../../../server/auth/socket-table.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';
import { peerAt, requestWith } from './auth-world.ts';

const OWN = process.geteuid?.() ?? -1;
const OTHER = OWN + 1;

/** A table that says the same uid of every connection, and counts the questions. */
function tableOf(uid: number | undefined): SocketTable & { asked: number } {
  const table = {
    asked: 0,
    holderOf: async () => {
      table.asked += 1;
      return uid;
    },
  };
  return table;
}

let server: TestServer;
const open = async (found: SocketTable | undefined, more: Parameters<typeof startServer>[0] = {}): Promise<void> => {
  server = await startServer({ ...more, findTable: async () => found });
};
afterEach(() => server.stop());

describe('where the kernel says who connects', () => {
  test.each([
    ['its own user', OWN, 200],
    ['another user', OTHER, 403],
    ['nobody any more', undefined, 403],
  ])('a connection of %s', async (_, uid, status) => {
    await open(tableOf(uid));
    expect((await server.send('POST', '/threads/search', {})).status).toBe(status);
    expect(server.serving.link).toBeUndefined();
  });

  it('another user learns the rule and the mend, whatever the headers claim, and the log tells of it once in ten seconds', async () => {
    await open(tableOf(OTHER));
    const claims = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', origin: server.url, forwarded: 'for=127.0.0.1' };
    for (const headers of [{}, claims, { origin: 'https://smith.langchain.com', 'x-auth-scheme': 'langsmith' }, { host: 'localhost' }]) {
      const { status, body } = await server.send('POST', '/threads', {}, headers);
      expect([status, body]).toEqual([
        403,
        {
          detail: `this connection is of uid ${OTHER}; a server without a key answers only its own user, uid ${OWN}: run the client as that user, or make a key with governor keys create and send it as x-api-key`,
        },
      ]);
    }
    expect(server.logged).toEqual([expect.stringMatching(new RegExp(`^warn: refused POST /threads: this connection is of uid ${OTHER};`))]);
  });

  it('a user of another user namespace is told so', async () => {
    await open(tableOf(65_534));
    expect((await server.send('GET', '/threads/x')).body).toEqual({
      detail: expect.stringContaining('of another user namespace (a container)'),
    });
  });

  it('every route is closed to another user, but what tells nothing of the home', async () => {
    await open(tableOf(OTHER));
    const { paths } = (await server.send('GET', '/openapi.json')).body as { paths: Record<string, Record<string, unknown>> }; // our own document
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    );
    expect(routes.length).toBeGreaterThan(40);
    const passed = [];
    for (const [method, path] of routes)
      if ((await server.send(method, path.replaceAll(/\{\w+\}/g, 'x'))).status !== 403) passed.push(path);
    expect(passed.toSorted()).toEqual(['/docs', '/info', '/ok', '/openapi.json']);
    for (const path of ['//threads', '/ok/../threads', '/OK', '/docs/', '/nowhere'])
      expect((await server.send('GET', path)).status, path).not.toBe(200);
  });

  it('one connection is looked up once, for all its requests', async () => {
    const table = tableOf(OWN);
    await open(table);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = (): Promise<number | undefined> =>
      new Promise((done, fail) => {
        const sent = request(
          `${server.url}/assistants/search`,
          { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
          (answer) => {
            answer.resume();
            answer.once('end', () => done(answer.statusCode));
          },
        );
        sent.once('error', fail);
        sent.end('{}');
      });
    for (let count = 0; count < 20; count += 1) expect(await get()).toBe(200);
    agent.destroy();
    expect(table.asked).toBe(1);
  });

  it('whoever has a key is known by it: with one there is no server without', async () => {
    await open(tableOf(OTHER));
    const { key } = await issueKey(server.runtime.stores.served.keys, {});
    expect((await server.send('POST', '/threads/search', {})).status).toBe(401);
    expect((await server.send('POST', '/threads/search', {}, { 'x-api-key': key })).status).toBe(200);
  });

  it('the header that Studio sends makes nobody else its user, also beside keys', async () => {
    const home = mkdtempSync(join(tmpdir(), 'governor-studio-'));
    writeFileSync(join(home, 'operator.yaml'), 'server:\n  auth:\n    studio: true\n');
    for (const [uid, status] of [
      [OTHER, 403],
      [OWN, 200],
    ] as const) {
      await open(tableOf(uid), { home });
      await issueKey(server.runtime.stores.served.keys, {});
      expect((await server.send('POST', '/threads/search', {}, { 'x-auth-scheme': 'langsmith' })).status).toBe(status);
      if (uid !== OWN) await server.stop();
    }
    rmSync(home, { recursive: true });
  });
});

describe('where the system does not say who connects', () => {
  it('the token of the home is asked for, as a key or as a bearer; the page opens and asks for it too', async () => {
    await open(undefined);
    const token = readFileSync(join(server.home, TOKEN_FILE), 'utf8').trim();
    expect(server.serving.link).toBe(`${server.url}/docs#token=${token}`);
    for (const [headers, status] of [
      [{}, 401],
      [{ 'x-api-key': `${token}x` }, 401],
      [{ authorization: 'Bearer x' }, 401],
      [{ origin: server.url }, 401],
      [{ 'x-api-key': token }, 200],
      [{ authorization: `Bearer ${token}` }, 200],
    ] as const)
      expect((await server.send('POST', '/threads/search', {}, headers)).status, JSON.stringify(Object.keys(headers))).toBe(status);
    expect((await server.send('POST', '/threads', {})).body).toEqual({
      detail: `this system does not say who connects, so a server without a key asks its own user for a token: open the link that governor serve printed, send what stands in ${TOKEN_FILE} of its home as x-api-key, or make a key with governor keys create and send it as x-api-key`,
    });
    for (const path of ['/ok', '/info', '/docs', '/openapi.json']) expect((await server.send('GET', path)).status).toBe(200);
  });

  it('where a credential is needed anyway there is no token', async () => {
    const home = mkdtempSync(join(tmpdir(), 'governor-keyed-'));
    await open(undefined, { home });
    await issueKey(server.runtime.stores.served.keys, {});
    await server.stop();
    rmSync(join(home, TOKEN_FILE));
    await open(undefined, { home });
    expect(server.serving.link).toBeUndefined();
    expect(() => statSync(join(home, TOKEN_FILE))).toThrow('ENOENT');
    rmSync(home, { recursive: true });
  });
});

describe('the file of the token', () => {
  let home: string;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'governor-token-'));
    await open(tableOf(OWN));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is for its owner alone, and the same at the next start', () => {
    const token = localToken(home);
    expect(statSync(join(home, TOKEN_FILE)).mode & 0o777).toBe(0o600);
    expect(localToken(home)).toBe(token);
    expect(token).toMatch(/^gvl_[\w-]{43}$/);
  });

  it.each([
    ['that others may read', (file: string) => chmodSync(file, 0o644), 'with mode 644, and must be of uid'],
    ['that holds something else', (file: string) => writeFileSync(file, 'x'), 'holds no token of this server; delete it'],
    [
      'that is a link',
      (file: string) => {
        rmSync(file);
        symlinkSync('/etc/passwd', file);
      },
      'is no plain file; delete it',
    ],
  ])('%s is refused by its name, with the mend', (_, spoil, words) => {
    localToken(home);
    spoil(join(home, TOKEN_FILE));
    expect(() => localToken(home)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(words) }));
  });
});

it('a log that is asked to tell of many refusals tells how many there were', async () => {
  await open(tableOf(OWN));
  let now = 0;
  const told: unknown[] = [];
  const user = await openLocalUser({
    home: server.home,
    clock: { now: () => now, monotonic: () => now },
    log: (...line) => told.push(line),
    findTable: async () => tableOf(OTHER),
  });
  const refusal = await user.refusal(requestWith(), peerAt('127.0.0.1'));
  if (refusal === undefined) throw new Error('it was not refused');
  for (let count = 0; count < 1000; count += 1) user.tell(requestWith(), refusal);
  now = 10_000;
  user.tell(requestWith(), refusal);
  expect(told).toMatchObject([
    ['warn', expect.any(String), { refusals: 1 }],
    ['warn', expect.any(String), { refusals: 1000 }],
  ]);
});
