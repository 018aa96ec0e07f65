/** Protocol v2 over a WebSocket with the official SDK: subscriptions, answers, a cut, and who may not connect. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../until.ts';
import { issueKey } from '../../issue-key.ts';
import { command } from '../../protocol-client.ts';
import { startServer, type TestServer } from '../../serving.ts';

let server: TestServer;
const sockets: WebSocket[] = [];
beforeEach(async () => {
  server = await startServer();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await server.stop();
});

type Message = {
  type: string;
  id: number | null;
  event_id?: string;
  method?: string;
  error?: string;
  message?: string;
  result?: Record<string, unknown>;
};

/** A client by hand: what came, in order. */
async function dial(threadId: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/threads/${threadId}/stream/events`, { headers });
  sockets.push(socket);
  const messages: Message[] = [];
  const closed: { code?: number } = {};
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(String(data)) as Message));
  socket.addEventListener('close', ({ code }) => {
    closed.code = code;
  });
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true));
    socket.addEventListener('error', () => resolve(false));
  });
  let id = 0;
  const send = async (method: string, params?: object): Promise<Message> => {
    id += 1;
    const mine = id;
    socket.send(JSON.stringify({ id: mine, method, ...(params === undefined ? {} : { params }) }));
    return until(() => messages.find((one) => one.id === mine && one.type !== 'event'), `the answer to ${method}`);
  };
  return { socket, opened, messages, closed, send };
}

const events = (messages: readonly Message[]): Message[] => messages.filter(({ type }) => type === 'event');

describe('the SDK', () => {
  test('starts, answers and reads over a socket, and goes on after the socket was cut', async () => {
    const made: WebSocket[] = [];
    const thread = server.client.threads.stream({
      assistantId: 'ask',
      transport: 'websocket',
      reconnectDelayMs: () => 10,
      webSocketFactory: (url: string) => {
        const socket = new WebSocket(url);
        made.push(socket);
        return socket as never; // the browser's own interface
      },
    });
    const stream = await thread.subscribe({ channels: ['values', 'lifecycle', 'input'] });
    const seen: string[] = [];
    const drain = async () => {
      for await (const event of stream) seen.push(String(event.event_id));
    };
    await thread.run.start({ input: { n: 1 } });
    await drain();
    expect(thread.interrupts).toMatchObject([{ payload: { question: 'first?' } }]);
    // The connection goes; the client comes back by itself and is told everything again.
    made[0]?.close(4000);
    await until(() => made.length === 2 && made[1]?.readyState === 1, 'the second socket');
    await thread.input.respond({ namespace: [], interrupt_id: thread.interrupts[0]?.interruptId ?? '', response: 'yes' });
    await drain();
    expect(thread.interrupts.map(({ payload }) => payload)).toContainEqual({ question: 'second?' });
    expect(await thread.state.get({ namespace: [] })).toMatchObject({ values: { log: ['first:"yes"'] } });
    expect(seen).toEqual([...new Set(seen)]);
    await thread.close();
  });
});

describe('a socket', () => {
  test('answers a subscription before its events, tells each subscription its own, and ends it when it is asked to', async () => {
    const id = randomUUID();
    const { send, messages } = await dial(id);
    const all = await send('subscription.subscribe', { channels: ['lifecycle', 'values'] });
    const started = await send('run.start', { assistant_id: 'two', input: { n: 1 } });
    expect(started).toMatchObject({ type: 'success', result: { run_id: expect.any(String) }, meta: { thread_id: id } });
    await until(() => JSON.stringify(messages).includes('"completed"'), 'the end');
    const before = messages.length;
    const late = await send('subscription.subscribe', { channels: ['lifecycle'] });
    await until(() => messages.length === before + 3, 'the replay');
    expect(messages.slice(before).map(({ type, event_id }) => event_id ?? type)).toEqual([
      'success',
      '1',
      events(messages).at(-1)?.event_id,
    ]);
    for (const { result } of [all, late])
      expect(await send('subscription.unsubscribe', { subscription_id: result?.['subscription_id'] })).toMatchObject({ type: 'success' });
    const told = events(messages).length;
    await send('run.start', { assistant_id: 'two', input: { n: 1 } });
    await server.client.runs.join(id, String((await server.client.runs.list(id))[0]?.run_id));
    await send('state.get');
    expect(events(messages)).toHaveLength(told);
  });

  test('says what is wrong with a command, and stays open', async () => {
    const { socket, send, messages, closed } = await dial(randomUUID());
    socket.send('{');
    socket.send(JSON.stringify({ id: 'x', method: 'state.get' }));
    await until(() => messages.length === 2, 'two refusals');
    expect(messages).toMatchObject([
      { type: 'error', id: null, error: 'invalid_argument', message: expect.stringContaining('JSON') },
      { type: 'error', id: null, error: 'invalid_argument', message: expect.stringContaining('id') },
    ]);
    expect(await send('subscription.subscribe', { channels: ['colours'] })).toMatchObject({ error: 'invalid_argument' });
    expect(await send('subscription.unsubscribe', { subscription_id: 'x' })).toMatchObject({ error: 'no_such_subscription' });
    expect(await send('subscription.unsubscribe')).toMatchObject({ error: 'invalid_argument' });
    expect(await send('subscription.reconnect', { run_id: 'x' })).toMatchObject({
      error: 'not_supported',
      message: expect.stringContaining('subscribe again'),
    });
    expect(await send('run.stop')).toMatchObject({ error: 'unknown_command' });
    expect(await send('state.get')).toMatchObject({ error: 'no_such_run' });
    expect(closed.code).toBeUndefined();
  });

  test('has at most a hundred subscriptions, and as many commands that wait', async () => {
    const { socket, send, closed } = await dial(randomUUID());
    for (let count = 0; count < 100; count += 1)
      expect(await send('subscription.subscribe', { channels: ['input'] })).toMatchObject({ type: 'success' });
    expect(await send('subscription.subscribe', { channels: ['input'] })).toMatchObject({
      error: 'invalid_argument',
      message: expect.stringContaining('at most 100'),
    });
    for (let count = 0; count < 200; count += 1) socket.send(JSON.stringify({ id: 1000 + count, method: 'state.get' }));
    await until(() => closed.code !== undefined, 'the close');
    expect(closed.code).toBe(1008);
  });

  test('counts as a stream of its caller, and is let go with its end', async () => {
    await server.stop();
    server = await startServer({ limits: { streamsPerCaller: 1 } });
    const first = await dial(randomUUID());
    expect([first.opened, (await dial(randomUUID())).opened]).toEqual([true, false]);
    first.socket.close();
    await expect.poll(async () => (await dial(randomUUID())).opened).toBe(true);
  });

  test('closes on a message that is longer than a body may be', async () => {
    await server.stop();
    server = await startServer({ limits: { bodyBytes: 1000 } });
    const { socket, closed, send } = await dial(randomUUID());
    expect(await send('run.start', { assistant_id: 'two', input: { log: ['x'.repeat(500)] } })).toMatchObject({ type: 'success' });
    socket.send('x'.repeat(2000));
    await until(() => closed.code !== undefined, 'the close');
    expect(closed.code).toBe(1009);
  });

  test('closes with the status of the refusal when the key of its caller is revoked', async () => {
    const { keys } = server.runtime.stores.served;
    const { key, id } = await issueKey(keys, { roles: ['operator'] });
    const threadId = randomUUID();
    const { send, closed } = await dial(threadId, { 'x-api-key': key });
    await keys.revoke(id);
    await send('subscription.subscribe', { channels: ['values'] });
    await command(server.url, threadId, 'run.start', {
      params: { assistant_id: 'two', input: {} },
      headers: { 'x-api-key': (await issueKey(keys)).key },
    });
    await until(() => closed.code !== undefined, 'the close');
    expect(closed.code).toBe(4401);
  });
});

describe('who may connect', () => {
  /** A handshake by hand: its answer's first line. */
  async function handshake(headers: Record<string, string>): Promise<string> {
    const { hostname, port, host } = new URL(server.url);
    const socket: Socket = connect(Number(port), hostname);
    const all = {
      Host: host,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET /threads/${randomUUID()}/stream/events HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return data.toString();
  }

  test('the handshake of RFC 6455 is answered; another version or key is not', async () => {
    expect(await handshake({})).toMatch(/^HTTP\/1.1 101 [\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    expect(await handshake({ 'Sec-WebSocket-Version': '8' })).toMatch(/^HTTP\/1.1 400/);
    expect(await handshake({ 'Sec-WebSocket-Key': 'x' })).toMatch(/^HTTP\/1.1 400/);
  });

  test('a page of another site opens none; one of this machine does', async () => {
    expect(await handshake({ Origin: 'https://evil.example' })).toMatch(/^HTTP\/1.1 403/);
    expect(await handshake({ Origin: 'http://localhost:3000' })).toMatch(/^HTTP\/1.1 101/);
  });

  test('nobody without a credential where one is needed, and a viewer reads but starts nothing', async () => {
    const { keys } = server.runtime.stores.served;
    const viewer = (await issueKey(keys, { roles: ['viewer'], owner: 'service:viewer' })).key;
    expect(await handshake({})).toMatch(/^HTTP\/1.1 401/);
    const { send } = await dial(randomUUID(), { 'x-api-key': viewer });
    expect(await send('subscription.subscribe', { channels: ['values'] })).toMatchObject({ type: 'success' });
    expect(await send('run.start', { assistant_id: 'two', input: {} })).toMatchObject({
      error: 'permission_denied',
      message: expect.stringContaining('service:viewer'),
    });
  });

  test('a plain GET says what the path is, and nothing of a thread that is not there', async () => {
    const { thread_id } = await server.client.threads.create();
    expect(await server.send('GET', `/threads/${thread_id}/stream/events`)).toMatchObject({
      status: 426,
      body: { detail: expect.stringContaining('WebSocket') },
    });
    expect(await server.send('GET', `/threads/${randomUUID()}/stream/events`)).toMatchObject({ status: 404 });
  });
});
