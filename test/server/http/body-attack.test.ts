/** Bodies that shall exhaust or confuse a server: sent to the real one, in a process of its own, whose memory is looked at. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from '../process.ts';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(MIB, ' ');

let home: string;
let server: ServerProcess;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-bodies-'));
  server = await startProcess({ home });
});
afterAll(async () => {
  await server.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});
afterEach(async () => {
  // Whatever came: it lives, and answers the next one.
  expect((await fetch(`${server.url}/ok`)).status).toBe(200);
});

const memory = (field: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024;

/** Sends by hand and gives the status; `write` gets the request after its headers. */
function status(headers: Record<string, string | number>, write: (sent: ClientRequest) => void): Promise<number | string> {
  return new Promise((resolve) => {
    const at = { host: '127.0.0.1', port: server.port, method: 'POST', path: '/threads', agent: false };
    const sent = request({ ...at, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      sent.destroy();
    });
    sent.on('error', (error) => resolve(error.message));
    write(sent);
  });
}

/** Writes until there is an answer. */
const pour = (sent: ClientRequest, bytes: number): void => {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !sent.destroyed) {
      left -= CHUNK.length;
      if (!sent.write(CHUNK)) return void sent.once('drain', more);
    }
    sent.end();
  };
  more();
};

const post = async (path: string, body: string | Buffer, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const text = await answer.text();
  return { status: answer.status, text, body: /^\s*[[{]/.test(text) ? (JSON.parse(text) as Record<string, unknown>) : {} };
};

describe('a body', () => {
  let before: number;
  beforeEach(() => {
    writeFileSync(`/proc/${server.child.pid}/clear_refs`, '5'); // the peak counts from now on
    before = memory('VmRSS');
  });
  const grownMiB = (): number => memory('VmHWM') - before;

  test('of 100 MB is 413, told or in chunks, from twenty senders at once, and is not held', async () => {
    const told = { 'content-length': 100 * MIB };
    const chunked = { 'transfer-encoding': 'chunked' };
    const senders = Array.from({ length: 20 }, (_, index) => status(index % 2 === 0 ? told : chunked, (sent) => pour(sent, 100 * MIB)));
    const seen = new Set(await Promise.all(senders));
    // Who goes on sending may find the connection closed before it has read the answer.
    expect([...seen].filter((one) => one !== 413 && !/EPIPE|ECONNRESET/.test(String(one)))).toEqual([]);
    expect(seen).toContain(413);
    expect(grownMiB()).toBeLessThan(20 * 20 + 100);
  });

  test('that is packed, nested without end, or ends in the middle is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * MIB, ' '));
    expect(bomb.length).toBeLessThan(MIB);
    expect((await post('/threads', bomb, { 'content-encoding': 'gzip' })).status).toBe(415);
    for (const depth of [10_000, 1_000_000]) {
      expect((await post('/threads', `{"metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`)).status).toBe(422);
      expect((await post('/threads', `{"metadata":${'{"a":'.repeat(depth / 5)}`)).status).toBe(400);
    }
    expect(await status({ 'content-length': 10 }, (sent) => sent.destroy())).toMatch(/socket hang up/);
    expect(grownMiB()).toBeLessThan(700);
  });

  test('that comes byte by byte, from two hundred at once, holds up nobody', async () => {
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('POST /threads HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{'),
      );
      socket.on('error', () => undefined);
      return socket;
    });
    const drip = setInterval(() => {
      for (const socket of sockets) socket.write(' ');
    }, 20);
    await new Promise((wake) => setTimeout(wake, 300));
    const times: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      const since = performance.now();
      expect((await post('/threads/search', '{}')).status).toBe(200);
      times.push(performance.now() - since);
    }
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
    expect(Math.max(...times)).toBeLessThan(1000);
    expect(grownMiB()).toBeLessThan(100);
  });
});

describe('members that change what objects are', () => {
  const EVIL = ['{"__proto__":{"admin":true,"x":1}}', '{"constructor":{"prototype":{"admin":true,"x":1}}}'];

  test.each(EVIL)('%s is refused wherever it stands, and no object of the server has it', async (evil) => {
    const { body } = await post('/threads', '{}');
    const thread = String(body['thread_id']);
    for (const [path, text] of [
      ['/threads', `{"metadata":${evil}}`],
      ['/threads', `{"metadata":{"deep":[${evil}]}}`],
      ['/threads/search', `{"metadata":${evil}}`],
      [`/threads/${thread}/state`, `{"values":${evil}}`],
      [`/threads/${thread}/runs`, `{"assistant_id":"two","input":${evil}}`],
      [`/threads/${thread}/runs`, `{"assistant_id":"two","input":{},"config":{"configurable":${evil}}}`],
      ['/assistants', `{"graph_id":"two","context":${evil}}`],
      // Encoded twice, as some clients do.
      ['/threads', JSON.stringify(`{"metadata":${evil}}`)],
    ] as const)
      expect(await post(path, text), path).toMatchObject({ status: 422, text: expect.stringContaining('this key is not allowed') });
    const item = await fetch(`${server.url}/store/items`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: `{"namespace":["a"],"key":"k","value":${evil}}`,
    });
    expect(item.status).toBe(422);
    expect(Object.keys((await post('/threads', '{}')).body)).not.toContain('admin');
    const run = await post(`/threads/${thread}/runs/wait`, '{"assistant_id":"two","input":{"n":1}}');
    expect(run.body).toEqual({ n: 3, log: ['one', 'two'] });
  });

  test('a name that only looks like one is kept as it was sent', async () => {
    const metadata = { proto: 1, constructor: 'a word', prototype: { x: 1 }, toString: 'me', hasOwnProperty: true };
    const { body } = await post('/threads', JSON.stringify({ metadata }));
    expect(body['metadata']).toMatchObject(metadata);
    expect((await post('/threads/count', JSON.stringify({ metadata }))).text).toBe('1');
  });
});

describe('numbers and texts that not everybody can read', () => {
  test.each(['NaN', 'Infinity', '-NaN', '01', '0x1', "'a'", '"\u0001"'])('%s is no JSON', async (value) => {
    expect((await post('/threads', `{"metadata":{"a":${value}}}`)).status).toBe(400);
  });

  test.each<[string, string]>([
    ['half of a character', '"\\ud800 \\udfff\\ud83d"'],
    ['a zero character', '"a\\u0000b"'],
    ['a number with more digits than a double', '9007199254740993'],
  ])('%s comes back as JSON reads it', async (_title, value) => {
    const parsed: unknown = JSON.parse(value);
    const { status: said, body } = await post('/threads', `{"metadata":{"a":${value}}}`);
    expect(said).toBe(200);
    const again = (await (await fetch(`${server.url}/threads/${String(body['thread_id'])}`)).json()) as { metadata: { a: unknown } };
    expect(again.metadata.a).toEqual(parsed);
    expect((await post('/threads/count', `{"metadata":{"a":${value}}}`)).text).toBe('1');
  });

  test.each(['1e999', '-1e999', '[1,{"b":[2,1e400]}]'])('%s, which would be kept as null, is refused by its place', async (value) => {
    const refused = { status: 422, text: expect.stringMatching(/body\.metadata\.a.*largest that can be kept/) };
    expect(await post('/threads', `{"metadata":{"a":${value}}}`)).toMatchObject(refused);
    expect((await post('/threads', '{"metadata":{"a":[1e308,-1e308,0.1]}}')).body).toMatchObject({ metadata: { a: [1e308, -1e308, 0.1] } });
  });

  test('a key of a megabyte is kept or refused, and other threads are found', async () => {
    const { body } = await post('/threads', '{"metadata":{"plain":"yes"}}');
    const { status: said } = await post('/threads', JSON.stringify({ metadata: { ['k'.repeat(MIB)]: 1 } }));
    expect([200, 400, 422]).toContain(said);
    const found = await post('/threads/search', '{"metadata":{"plain":"yes"}}');
    expect(found.text).toContain(String(body['thread_id']));
  });
});

describe('words of query languages', () => {
  const WORDS = [
    `' OR 1=1 --`,
    `"; DROP TABLE threads; --`,
    '%',
    '_',
    '$.a',
    '$',
    'a.b',
    'a[0]',
    '*',
    '\\',
    'x\u0000y',
    '?1',
    ':a',
    "json('x')",
  ];

  test.each(WORDS)('%j is itself, as a key and as a value of metadata and as a part of a namespace', async (word) => {
    const own = `own-${word}`;
    const { body } = await post('/threads', JSON.stringify({ metadata: { [own]: word } }));
    await post('/threads', JSON.stringify({ metadata: { other: 'x', a: { b: 1 } } }));
    const search = async (metadata: object) =>
      (await post('/threads/search', JSON.stringify({ metadata, limit: 1000 }))).body as unknown as object[]; // a list
    expect(await search({ [own]: word })).toMatchObject([{ thread_id: body['thread_id'] }]);
    expect(await search({ [word]: 'x' })).toEqual([]);
    expect(await search({ other: word })).toEqual([]);
    const put = await fetch(`${server.url}/store/items`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ namespace: ['names', 'ada'], key: 'k', value: { text: 'of ada' } }),
    });
    expect(put.status).toBe(204);
    const items = await post('/store/items/search', JSON.stringify({ namespace_prefix: ['names', word] }));
    expect(items.text).not.toContain('of ada');
    const filtered = await post('/store/items/search', JSON.stringify({ namespace_prefix: ['names'], filter: { [word]: 'of ada' } }));
    expect(filtered.text).not.toContain('of ada');
    const count = await post('/threads/count', JSON.stringify({ metadata: { other: 'x' } }));
    expect(Number(count.text)).toBeGreaterThan(0);
  });
});
