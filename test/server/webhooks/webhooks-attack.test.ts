/** Webhooks that shall reach what stands beside the server: by spellings, names, redirects, rebinding and paths; over the real server. */
import dns, { type LookupAddress } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../until.ts';
import { startServer, type TestServer } from '../serving.ts';

let home: string;
let server: TestServer;
/** What stands beside the server: it counts who connects. */
const beside = createServer((request, response) => answer(request, response));
let connections = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let port: number;
beforeAll(async () => {
  beside.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((ready) => beside.listen(0, '127.0.0.1', ready));
  port = (beside.address() as AddressInfo).port; // listening on a port
  home = mkdtempSync(join(tmpdir(), 'governor-webhooks-'));
});
beforeEach(() => {
  connections = 0;
  answer = (_request, response) => response.end();
});
afterAll(() => {
  beside.close();
  rmSync(home, { recursive: true, force: true });
});

async function serve(allow: readonly string[]): Promise<void> {
  writeFileSync(join(home, 'operator.yaml'), JSON.stringify({ server: { webhooks: { allow } } }));
  server = await startServer({ home });
}
const put = (webhook: string) => server.send('POST', '/runs/wait', { assistant_id: 'two', input: { n: 1 }, webhook });

describe('with a list', () => {
  beforeAll(() => serve(['hooks.example', '*.partner.example']));
  afterAll(() => server.stop());

  test.each([
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0',
      '0.0.0.0',
      'localhost',
      'localhost.',
      'LOCALHOST',
      'a.localhost',
    ],
    ...['[::1]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]', '169.254.169.254', '10.0.0.1'],
    ...[
      'hooks.example.evil.example',
      'evilpartner.example',
      'hooks.example@127.0.0.1',
      '127.0.0.1#hooks.example',
      'ⓛocalhost',
      '１２７.0.0.1',
    ],
  ])('%s is refused before anything runs, and nothing is connected to', async (host) => {
    expect(await put(`http://${host.includes('#') ? host : `${host}:${port}`}/x`)).toMatchObject({ status: 422 });
    expect(connections).toBe(0);
  });

  test.each([
    '/threads',
    '/runs/wait',
    '//127.0.0.1/x',
    '/\\127.0.0.1/x',
    '/governor/approvals',
    'file:///etc/passwd',
    'ftp://hooks.example/',
    'javascript:1',
    '',
  ])('%j leads neither into the server itself nor to another kind of place', async (webhook) => {
    expect(await put(webhook)).toMatchObject({ status: 422 });
  });
});

describe('to an address that is listed', () => {
  let inner: ReturnType<typeof createServer>;
  let reached = 0;
  beforeAll(async () => {
    inner = createServer((_request, response) => response.end());
    inner.on('connection', () => {
      reached += 1;
    });
    await new Promise<void>((ready) => inner.listen(0, '127.0.0.1', ready));
    await serve([`127.0.0.1:${port}`]);
  });
  afterAll(async () => {
    await server.stop();
    inner.close();
  });

  test('a redirect is not followed', async () => {
    const to = [`http://127.0.0.1:${(inner.address() as AddressInfo).port}/`, 'http://169.254.169.254/latest', '/elsewhere'];
    const asked: string[] = [];
    answer = (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: to[asked.length % to.length] }).end();
    };
    for (const path of ['a', 'b']) expect(await put(`http://127.0.0.1:${port}/${path}`)).toMatchObject({ status: 200 });
    await until(() => asked.length >= 2, 'both webhooks');
    await until(() => server.logged.some((line) => line.includes('webhook failed')), 'the end of a try');
    expect([new Set(asked), reached]).toEqual([new Set(['/a', '/b']), 0]);
  });
});

describe('to a name that is listed', () => {
  const { lookup } = dns;
  let looked: string[];
  beforeAll(() => serve(['hooks.example']));
  afterAll(() => server.stop());
  afterEach(() => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  });

  test('and stands for a private address, at once or at a later look, nothing is connected', async () => {
    const public_: LookupAddress = { address: '93.184.216.34', family: 4 };
    const own: LookupAddress = { address: '127.0.0.1', family: 4 };
    const turns = [[public_, own], [own], [{ address: '::ffff:127.0.0.1', family: 6 }]];
    looked = [];
    const rebound = ((name: string, options: unknown, callback: (error: null, addresses: LookupAddress[]) => void) => {
      if (name !== 'hooks.example') return lookup(name, options as never, callback as never);
      looked.push(name);
      callback(null, turns[(looked.length - 1) % turns.length] ?? []);
    }) as typeof dns.lookup; // the one form that is asked
    dns.lookup = rebound;
    syncBuiltinESMExports();
    expect(await put(`http://hooks.example:${port}/x`)).toMatchObject({ status: 200 });
    expect(await put(`http://hooks.example:${port}/y`)).toMatchObject({ status: 200 });
    await until(() => looked.length >= 3, 'three looks');
    expect(connections).toBe(0);
    const { stores } = server.runtime;
    expect(await stores.served.outbox.counts()).toMatchObject({ waiting: 2 });
  });
});
