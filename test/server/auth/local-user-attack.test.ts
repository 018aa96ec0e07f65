/** Other users of this machine against a server without a key: real processes under another uid, and a gate that waits. */
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { type ServerProcess, startProcess } from '../process.ts';
import { asStranger, STRANGER_UID } from './stranger.ts';

let shop: Shop;
let server: ServerProcess;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(async () => {
  await server.end('SIGKILL');
  await shop.close();
});

interface AtGate {
  readonly thread: string;
  /** What approves the gate, from a client that knows everything about it. */
  readonly path: string;
  readonly body: { readonly decision: 'approved'; readonly subject: string };
}

/** A served run that waits at its release gate. */
async function openAtGate(...args: string[]): Promise<AtGate> {
  server = await startProcess({ home: shop.world.home, config: LANGGRAPH_JSON, args, env: KEY });
  const { thread_id: thread } = await server.client.threads.create();
  await server.client.runs.wait(thread, 'governor', { input: { goal: GOAL, repo: 'shop' } });
  const [waiting] = await gates();
  if (waiting === undefined) throw new Error('no gate waits');
  return { thread, path: `/governor/approvals/${waiting.approval_id}`, body: { decision: 'approved', subject: waiting.subject.digest } };
}

interface Gate {
  readonly approval_id: string;
  readonly subject: { readonly digest: string };
}

const gates = async (): Promise<Gate[]> => (await fetch(`${server.url}/governor/approvals`)).json() as Promise<Gate[]>; // our own answer

/** Sends each request as another user; prints `[status, body]` of each. */
const asks = (url: string, requests: readonly { method: string; path: string; body?: object; headers?: object }[]): string => `
  const out = [];
  for (const { method, path, body, headers } of ${JSON.stringify(requests)}) {
    const answer = await fetch(${JSON.stringify(url)} + path, { method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
    out.push([answer.status, await answer.text()]);
  }
  console.log(JSON.stringify(out));`;

const statusesOf = (told: string): number[] => answersOf(told).map(([status]) => status);
const answersOf = (told: string): [number, string][] => JSON.parse(told) as [number, string][]; // what `asks` prints

test.each(['127.0.0.1', '::1'])(
  'another user at %s approves nothing, reads nothing and starts nothing; the own user does',
  async (host) => {
    const { thread, path, body } = await openAtGate('--host', host);
    const forged = { origin: server.url, 'x-forwarded-for': '127.0.0.1', 'x-auth-scheme': 'langsmith' };
    const requests = [
      { method: 'POST', path, body },
      { method: 'POST', path, body, headers: forged },
      { method: 'POST', path, body, headers: { origin: 'https://smith.langchain.com' } },
      {
        method: 'POST',
        path: `/threads/${thread}/runs`,
        body: { assistant_id: 'governor', command: { resume: { decision: 'approved' } } },
      },
      { method: 'POST', path: `/threads/${thread}/runs/stream`, body: { assistant_id: 'governor', command: { goto: 'deploy' } } },
      { method: 'GET', path: `/governor/threads/${thread}/diff` },
      { method: 'GET', path: `/threads/${thread}/stream`, headers: { accept: 'text/event-stream' } },
      { method: 'POST', path: '/threads/search', body: {} },
    ];
    for (const [status, text] of answersOf(await asStranger(asks(server.url, requests)))) {
      expect(status).toBe(403);
      expect(JSON.parse(text)).toEqual({ detail: expect.stringContaining(`uid ${STRANGER_UID}`) });
      expect(text).toContain('governor keys create');
    }
    const plain = ['/ok', '/info'].map((open) => ({ method: 'GET', path: open }));
    expect(statusesOf(await asStranger(asks(server.url, plain)))).toEqual([200, 200]);
    expect(server.stderr()).toContain(`this connection is of uid ${STRANGER_UID}`);
    expect(await gates()).toMatchObject([{ gate: 'release', votes: [] }]);
    const mine = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([mine.status, await mine.json()]).toMatchObject([200, { status: 'approved', votes: [{ decision: 'approved' }] }]);
  },
);

test('a request whose sender is gone before it is looked at approves nothing, also at a server of root', async () => {
  const { path, body } = await openAtGate();
  const sent = JSON.stringify(body);
  const message = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${sent.length}\r\n\r\n${sent}`;
  await asStranger(`
    import { connect } from 'node:net';
    const shot = (leave) => new Promise((done) => {
      const socket = connect(${server.port}, '127.0.0.1', () => socket.write(${JSON.stringify(message)}, () => leave(socket)));
      socket.on('error', () => undefined);
      socket.resume();
      const timer = setTimeout(() => socket.destroy(), 2000);
      socket.on('close', () => { clearTimeout(timer); done(); });
    });
    const ways = [(socket) => socket.destroy(), (socket) => socket.resetAndDestroy(), (socket) => socket.end(), (socket) => setImmediate(() => socket.destroy())];
    for (let round = 0; round < 50; round += 1) await Promise.all(ways.map(shot));`);
  expect(await gates()).toMatchObject([{ gate: 'release', votes: [] }]);
});

test('own and foreign connections at once: each is known by its own end', async () => {
  server = await startProcess({ home: shop.world.home });
  const script = `Promise.all(Array.from({ length: 200 }, () => fetch('${server.url}/threads/search', { method: 'POST', body: '{}', headers: { connection: 'close' } }).then(({ status }) => status)))`;
  const foreign = asStranger(`console.log(JSON.stringify([...new Set(await ${script})]));`);
  const own: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const init = { method: 'POST', body: '{}', headers: { connection: 'close' } };
    own.push(...(await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${server.url}/threads/search`, init)).status))));
  }
  expect([...new Set(own)]).toEqual([200]);
  expect(await foreign).toBe('[403]\n');
});

test('root is no exception at the server of a user, and that user passes', async () => {
  const home = mkdtempSync(join(tmpdir(), 'governor-users-'));
  const uid = 1; // `daemon`, on every Linux
  chownSync(home, uid, uid);
  server = await startProcess({ home, under: ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] });
  const answer = await fetch(`${server.url}/threads/search`, { method: 'POST', body: '{}' });
  const rule = `of uid 0; a server without a key answers only its own user, uid ${uid}`;
  expect([answer.status, await answer.json()]).toEqual([403, { detail: expect.stringContaining(rule) }]);
  const search = asks(server.url, [{ method: 'POST', path: '/threads/search', body: {} }]);
  expect(statusesOf(await asStranger(search, uid))).toEqual([200]);
  expect(statusesOf(await asStranger(search))).toEqual([403]);
  rmSync(home, { recursive: true, force: true });
});
