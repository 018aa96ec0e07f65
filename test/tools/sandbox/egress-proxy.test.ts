/** What the proxy answers, connects to and counts; its clients are raw sockets. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type EgressOptions, type EgressProxy, openEgressProxy } from '../../../tools/sandbox/egress-proxy.ts';
import { type FakeInternet, openInternet } from './registry.ts';

const NAMES = {
  'npm.example': ['93.184.216.34'],
  'rebound.example': ['127.0.0.1'],
  'corp.example': ['10.0.0.5'],
  'two.example': ['93.184.216.34', '10.0.0.5'],
};
const CONFIG = { allow: Object.keys(NAMES), registries: false };

let internet: FakeInternet | undefined;
let proxy: EgressProxy | undefined;
afterEach(() => {
  proxy?.close();
  internet?.close();
});

async function open(config: object = CONFIG, more: Partial<EgressOptions> = {}, answer?: (url: string) => string): Promise<void> {
  internet = await openInternet(NAMES, answer);
  proxy = await openEgressProxy(internet.options(config, more));
}

/** Writes and reads until the other side ends, or has said `until`. */
const says = (text: string, then?: { readonly until: string; readonly text: string }): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path: String(proxy?.at) });
    let [heard, isSent] = ['', false];
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (then === undefined || isSent || !heard.includes(then.until)) return;
      isSent = true;
      socket.write(then.text);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(text);
  });
const tunnel = (to: string, path = '/left-pad'): Promise<string> =>
  says(`CONNECT ${to} HTTP/1.1\r\nhost: ${to}\r\n\r\n`, {
    until: '200 Connection established\r\n\r\n',
    text: `GET ${path} HTTP/1.1\r\nhost: npm.example\r\nconnection: close\r\n\r\n`,
  });

test('a tunnel to an allowed host leads to the address that was judged, and is counted', async () => {
  await open();
  expect(await tunnel('npm.example:443')).toContain('you asked for npm.example/left-pad');
  expect(await tunnel('NPM.example.:443')).toContain('you asked for');
  expect(internet?.connected).toEqual(['93.184.216.34:443', '93.184.216.34:443']);
  expect(proxy?.report()).toEqual({
    hosts: [{ host: 'npm.example', connections: 2, bytesOut: expect.any(Number), bytesIn: expect.any(Number) }],
    refused: [],
  });
  expect(proxy?.report().hosts[0]?.bytesIn).toBeGreaterThan(50);
});

test('a name is looked up once: what it stands for at a second time is never connected to', async () => {
  let asked = 0;
  const resolve = async () => {
    asked += 1;
    return asked === 1 ? ['93.184.216.34'] : ['127.0.0.1'];
  };
  await open(CONFIG, { resolve });
  expect(await tunnel('npm.example:443')).toContain('you asked for');
  expect([asked, internet?.connected]).toEqual([1, ['93.184.216.34:443']]);
  expect(await tunnel('npm.example:443')).toContain('403');
});

test('GET of an address with a host, without what belongs to the proxy', async () => {
  await open();
  const got = await says('GET http://npm.example/a?b=1 HTTP/1.1\r\nhost: other.example\r\nproxy-authorization: x\r\n\r\n');
  expect(got).toContain('you asked for npm.example/a?b=1');
  expect(internet?.asked).toEqual(['GET npm.example/a?b=1']);
});

test.each([
  [
    'another host',
    'CONNECT evil.example:443',
    /evil\.example is not allowed; to allow it, write sandbox: \{ egress: \{ allow: \[evil\.example\]/,
  ],
  ['a host that stands for this machine', 'CONNECT rebound.example:443', /rebound\.example stands for 127\.0\.0\.1/],
  ['a private address', 'CONNECT corp.example:443', /addresses: \[10\.0\.0\.5\/32\]/],
  ['a private address beside a public one', 'CONNECT two.example:443', /stands for 10\.0\.0\.5/],
  ['an address', 'CONNECT 127.0.0.1:443', /only host names are asked/],
  ['an address of version 6', 'CONNECT [::1]:443', /only host names are asked/],
  ['another port', 'CONNECT npm.example:22', /port 22/],
  ['what is no authority', 'CONNECT npm.example', /is not host:port/],
  ['a user in the authority', 'CONNECT npm.example:443@evil.example:443', /is not host:port/],
  ['GET of another host', 'GET http://evil.example/', /evil\.example is not allowed/],
  ['GET of an address', 'GET http://2130706433/', /only host names are asked/],
  ['a body without encryption', 'POST http://npm.example/', /by GET and HEAD, not POST/],
])('%s is refused with the mend and told in the report', async (_what, line, why) => {
  await open();
  const answer = await says(`${line} HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(answer).toContain('403 Forbidden');
  expect(answer).toMatch(why);
  expect(internet?.connected).toEqual([]);
  expect(proxy?.report().refused).toHaveLength(1);
});

test.each(['GET / HTTP/1.1', 'GET https://npm.example/ HTTP/1.1', 'GET http://user:word@npm.example/ HTTP/1.1'])(
  '%s is no request of a proxy',
  async (line) => {
    await open();
    expect(await says(`${line}\r\nhost: npm.example\r\n\r\n`)).toContain('400 Bad Request');
    expect(internet?.connected).toEqual([]);
  },
);

test('what does not exist or does not answer is the network’s fault, not a refusal', async () => {
  await open({ allow: ['gone.example'] });
  expect(await tunnel('gone.example:443')).toContain('502');
  expect(proxy?.report()).toEqual({ hosts: [], refused: [] });
});

test('above the cap of bytes every connection ends, and no other begins', async () => {
  await open(CONFIG, { maxBytes: { in: 100_000, out: 100_000 } }, () => 'x'.repeat(200_000));
  await tunnel('npm.example:443');
  expect(await tunnel('npm.example:443')).toContain('received more than 100000 bytes');
});

test('at its end nothing of it is left', async () => {
  await open();
  const folder = dirname(String(proxy?.at));
  expect(existsSync(folder)).toBe(true);
  proxy?.close();
  expect(existsSync(folder)).toBe(false);
});
