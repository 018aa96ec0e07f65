/** Webhooks: signed, verbatim, tried again, given up; and never sent where the operator did not allow it. */
import { createHmac } from 'node:crypto';
import type { LookupAddress, lookup } from 'node:dns';
import { createServer, type Server as HttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createOutbox, putWebhook } from '../../../checkpoints/served/outbox.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Outbox } from '../../../domain/outbox.ts';
import { addressFault, checkAllowList, checkWebhook, type WebhookPolicy } from '../../../server/webhooks/webhook-target.ts';
import { startWebhooks, type Webhooks } from '../../../server/webhooks/webhooks.ts';
import { type Home, makeHome, threadOf } from '../../checkpoints/home.ts';
import { startServer } from '../serving.ts';

const LOCAL: WebhookPolicy = { allow: [], loopbackBind: true, ownApp: false };
const BODY = '{"run_id":"r",  "values":{"a":"é"}}';

let home: Home;
let database: ReturnType<typeof openDatabase>;
let outbox: Outbox;
let got: { url: string; headers: IncomingHttpHeaders; body: string }[];
let answer: RequestListener;
let target: HttpServer;
let origin: string;
let running: Webhooks | undefined;
const log = vi.fn();
beforeEach(async () => {
  home = makeHome();
  database = openDatabase(home.file);
  outbox = createOutbox(sqliteSql(database), home.clock);
  log.mockClear();
  got = [];
  answer = (_, response) => response.end('thanks');
  target = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ url: request.url ?? '', headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(target.address() as AddressInfo).port}`; // a TCP server's address
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
  database.close();
  home.dispose();
});

const put = (url: string, body = BODY): void =>
  sqliteSql(database).write(() => putWebhook({ runId: threadOf(1), tenant: 'acme', url, body, at: home.clock.ms }));
const start = (
  policy: WebhookPolicy,
  more: { fetch?: (request: Request) => Response | Promise<Response>; resolve?: typeof lookup } = {},
) => {
  running = startWebhooks({ outbox, clock: home.clock, log, policy, ...more });
  return running;
};
const settled = (waiting: number, dead: number) =>
  vi.waitFor(async () => expect(await outbox.counts()).toEqual({ waiting, dead }), { interval: 5 });
const row = () =>
  database.prepare('SELECT state, tries, error, due_at FROM outbox').get() as {
    state: string;
    tries: number;
    error: string;
    due_at: number;
  }; // the selected columns
const tried = (tries: number) => vi.waitFor(() => expect(row()).toMatchObject({ tries }), { interval: 5 });

describe('sending', () => {
  test('posts the text verbatim, with the headers of Standard Webhooks, and is done with it', async () => {
    const secret = `whsec_${Buffer.from('a secret of the operator').toString('base64')}`;
    put(`${origin}/hook?x=1`);
    start({ ...LOCAL, secret });
    await settled(0, 0);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({ url: '/hook?x=1', body: BODY });
    const id = `msg_${threadOf(1)}_1`;
    const seconds = String(Math.floor(home.clock.ms / 1000));
    const signature = createHmac('sha256', 'a secret of the operator').update(`${id}.${seconds}.${BODY}`).digest('base64');
    expect(got[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': id,
      'webhook-id': id,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signature}`,
    });
  });

  test('signs nothing without a secret', async () => {
    put(origin);
    start(LOCAL);
    await settled(0, 0);
    expect(got[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test('a row put later is sent at the poke', async () => {
    const webhooks = start(LOCAL);
    await vi.waitFor(async () => expect(await outbox.nextDueMs()).toBeUndefined());
    put(origin);
    webhooks.poke();
    await settled(0, 0);
    expect(got).toHaveLength(1);
  });

  test('tries again with growing pauses under one id, and gives up after ten', async () => {
    answer = (_, response) => response.writeHead(503).end();
    put(origin);
    const webhooks = start(LOCAL);
    const pauses: number[] = [];
    for (let tries = 1; tries <= 9; tries++) {
      await tried(tries);
      const { due_at, error } = row();
      expect(error).toBe('the target answered 503');
      pauses.push(due_at - home.clock.ms);
      home.clock.ms = due_at;
      webhooks.poke();
    }
    await settled(0, 1);
    expect(row()).toMatchObject({ state: 'dead', tries: 10 });
    expect(new Set(got.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`msg_${threadOf(1)}_1`]));
    expect(got).toHaveLength(10);
    for (const [index, pause] of pauses.entries()) {
      const ceiling = Math.min(600_000, 1000 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(Math.max(1000, ceiling / 2));
      expect(pause).toBeLessThanOrEqual(ceiling + 1);
    }
    expect(log).toHaveBeenCalledWith('error', 'webhook given up', expect.objectContaining({ run_id: threadOf(1), tries: 10 }));
  });

  test('follows no redirect', async () => {
    answer = (_, response) => response.writeHead(307, { location: `${origin}/elsewhere` }).end();
    put(`${origin}/first`);
    start(LOCAL);
    await tried(1);
    expect(got.map(({ url }) => url)).toEqual(['/first']);
    expect(row()).toMatchObject({ state: 'waiting', error: 'the target answered 307' });
  });

  test('a target that is gone for good is not asked again', async () => {
    answer = (_, response) => response.writeHead(410).end();
    put(origin);
    start(LOCAL);
    await settled(0, 1);
    expect(row().tries).toBe(1);
  });

  test('an endless answer is cut and counts by its status', async () => {
    let written = 0;
    answer = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && written < 50_000_000) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
        }
      };
      more();
    };
    put(origin);
    start(LOCAL);
    await settled(0, 0);
    expect(written).toBeLessThan(50_000_000);
  });

  test('a target that is not there, and one that hangs up, are tried again', async () => {
    answer = (request) => request.socket.destroy();
    put(origin);
    start(LOCAL);
    await tried(1);
    expect(row()).toMatchObject({ state: 'waiting' });
    expect(row().error).toMatch(/hang up|ECONNRESET/);
  });

  test('a stop cuts what hangs, costs it no try, and leaves it to the next process', async () => {
    answer = () => undefined;
    put(origin);
    const webhooks = start(LOCAL);
    await vi.waitFor(() => expect(got).toHaveLength(1));
    await webhooks.stop();
    expect(row()).toMatchObject({ state: 'waiting', tries: 0 });
    answer = (_, response) => response.end();
    home.clock.ms += 30_000;
    start(LOCAL);
    await settled(0, 0);
    expect(got[1]?.headers['webhook-id']).toBe(got[0]?.headers['webhook-id']);
  });

  test('a path goes to the own app of the project and to nothing else', async () => {
    const app = new Hono();
    const heard: string[] = [];
    app.post('/done', async (c) => {
      heard.push(await c.req.text());
      return c.text('ok');
    });
    put('/done');
    start({ ...LOCAL, ownApp: true }, { fetch: (request) => app.fetch(request) });
    await settled(0, 0);
    expect(heard).toEqual([BODY]);
  });

  test('what the list no longer allows is given up without a connection', async () => {
    put(origin);
    start({ allow: ['a.example'], loopbackBind: true, ownApp: false });
    await settled(0, 1);
    expect(row().error).toContain('127.0.0.1 is a private address');
    expect(got).toEqual([]);
  });

  test('a listed name that stands for a private address is not connected to, unless the address is listed', async () => {
    const resolve = ((_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) => {
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as typeof lookup; // one overload of it, the one that is called
    const url = origin.replace('127.0.0.1', 'hooks.example.com');
    put(`${url}/a`);
    const first = start({ allow: ['*.example.com'], loopbackBind: true, ownApp: false }, { resolve });
    await tried(1);
    expect(row().error).toContain('stands for 127.0.0.1, a private address');
    expect(got).toEqual([]);
    await first.stop();
    home.clock.ms = row().due_at;
    start({ allow: ['*.example.com', '127.0.0.0/8'], loopbackBind: false, ownApp: false }, { resolve });
    await settled(0, 0);
    expect(got.map(({ url: path, headers }) => [path, headers.host])).toEqual([['/a', new URL(url).host]]);
  });
});

describe('a run of the server', () => {
  test('tells its webhook of its end as soon as it has ended', async () => {
    const server = await startServer();
    try {
      const started = performance.now();
      const { thread_id } = await server.client.threads.create();
      const run = await server.client.runs.create(thread_id, 'two', { input: { n: 1 }, webhook: `${origin}/end`, metadata: { a: 'b' } });
      await vi.waitFor(() => expect(got).toHaveLength(1), { interval: 5, timeout: 10_000 });
      // A look at the outbox without being told comes each 5 s.
      expect(performance.now() - started).toBeLessThan(4000);
      expect(got[0]?.headers['webhook-id']).toBe(`msg_${run.run_id}_1`);
      const body = JSON.parse(got[0]?.body ?? '') as Record<string, unknown>; // its members are what is asserted
      expect(body).toMatchObject({
        run_id: run.run_id,
        thread_id,
        status: 'success',
        values: { n: 3, log: ['one', 'two'] },
        metadata: { a: 'b' },
      });
      for (const name of ['run_started_at', 'run_ended_at', 'webhook_sent_at']) expect(body[name]).toMatch(/^\d{4}-.*Z$/);
      expect(body).not.toHaveProperty('error');
      await server.client.runs.wait(null, 'fails', { input: {}, webhook: `${origin}/fail`, raiseError: false });
      await vi.waitFor(() => expect(got).toHaveLength(2), { interval: 5, timeout: 10_000 });
      expect(JSON.parse(got[1]?.body ?? '')).toMatchObject({ status: 'error', error: expect.any(String) });
    } finally {
      await server.stop();
    }
  });

  test('is refused with a webhook to where it may not go, and with a path of our own', async () => {
    const server = await startServer();
    try {
      for (const webhook of ['https://a.example', 'http://169.254.169.254/', '/threads', '//a.example']) {
        const { status, body } = await server.send('POST', '/runs', { assistant_id: 'two', input: {}, webhook });
        expect(status).toBe(422);
        expect(body).toEqual({ detail: expect.stringContaining(JSON.stringify(webhook)) });
      }
    } finally {
      await server.stop();
    }
  });
});

describe('the check of a target', () => {
  const LISTED: WebhookPolicy = {
    allow: ['a.example', '*.b.example', 'c.example:8443', '10.1.0.0/16', '[fd00::5]:80', 'https://d.example/hooks'],
    loopbackBind: true,
    ownApp: false,
  };
  const refusal = (url: string, policy: WebhookPolicy): string => {
    try {
      checkWebhook(url, policy);
    } catch (error) {
      expect(error).toMatchObject({ status: 422 });
      return String(error);
    }
    return 'allowed';
  };

  test.each([
    'https://a.example/x',
    'http://A.EXAMPLE.:81/',
    'https://deep.x.b.example',
    'https://c.example:8443/',
    'http://10.1.2.3',
    'http://[fd00:0::5]/',
    'https://d.example/hooks',
    'https://d.example:443/hooks/a?b=c',
  ])('lets %s through', (url) => {
    expect(refusal(url, LISTED)).toBe('allowed');
  });

  test.each([
    ['https://b.example', 'b.example is not in server.webhooks.allow'],
    ['https://evilb.example', 'is not in'],
    ['https://a.example.evil.com', 'is not in'],
    ['https://c.example', 'is not in'],
    ['https://d.example/hooks2', 'is not in'],
    ['https://d.example/hooks/../x', 'is not in'],
    ['http://d.example/hooks', 'is not in'],
    ['ftp://a.example', 'only http and https, not ftp:'],
    ['file:///etc/passwd', 'only http and https, not file:'],
    ['https://u:p@a.example', 'no user or password'],
    ['http://localhost.', 'localhost is not in'],
    ['http://127.0.0.1:80', 'private address'],
    ['http://0x7f.1', '127.0.0.1 is a private address'],
    ['http://2130706433', '127.0.0.1 is a private address'],
    ['http://[::1]', 'private address'],
    ['http://[::ffff:10.0.0.1]', 'private address'],
    ['http://[64:ff9b::a00:1]', 'private address'],
    ['http://169.254.169.254/latest/meta-data', 'private address'],
    ['http://10.2.0.1', 'private address'],
    ['http://8.8.8.8', '8.8.8.8 is not in'],
    ['not a url', 'neither a URL nor a path'],
    ['/done', 'needs an http.app'],
    ['//evil.com/x', 'starts with one slash'],
    ['/\\evil.com', 'starts with one slash'],
  ])('refuses %s', (url, rule) => {
    expect(refusal(url, LISTED)).toContain(rule);
  });

  test('never repeats a password', () => {
    expect(refusal('https://u:hunter2@a.example', LISTED)).not.toContain('hunter2');
  });

  test('without a list allows this machine only, and only while the server is bound to it', () => {
    for (const url of ['http://localhost:3000/x', 'http://127.0.0.1', 'http://[::1]:8']) {
      expect(refusal(url, LOCAL)).toBe('allowed');
      expect(refusal(url, { ...LOCAL, loopbackBind: false })).toContain('server.webhooks.allow');
    }
    expect(refusal('https://a.example', LOCAL)).toContain('which is empty');
    expect(refusal('/done', { ...LOCAL, ownApp: true })).toBe('allowed');
  });

  test('an address behind a name may be public, listed, or the loopback of localhost', () => {
    const url = new URL('https://a.example');
    for (const address of ['93.184.216.34', '2606:2800:220:1::1', '10.1.9.9', '::ffff:8.8.8.8'])
      expect(addressFault(url, address, LISTED)).toBeUndefined();
    for (const address of [
      '10.2.0.1',
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      'fe80::1%eth0',
      'fd12::1',
      '0.0.0.0',
      '169.254.169.254',
      '100.64.0.1',
      'nonsense',
    ])
      expect(addressFault(url, address, LISTED)).toContain('address');
    expect(addressFault(new URL('http://localhost:1'), '127.0.0.1', LOCAL)).toBeUndefined();
    expect(addressFault(new URL('http://localhost:1'), '10.0.0.1', LOCAL)).toContain('10.0.0.1');
  });

  test('an entry of the list that is no pattern is refused by name', () => {
    expect(() =>
      checkAllowList(['a.example', '*.a.example:8443', '10.0.0.0/8', '::1', '[::1]:80', 'fd00::/8', 'https://a.example/x']),
    ).not.toThrow();
    for (const entry of ['ftp://a.example', '*', 'a.example/x', 'a*.example', '10.0.0.0/33', ''])
      expect(() => checkAllowList([entry])).toThrow(`server.webhooks.allow: ${JSON.stringify(entry)}`);
  });
});
