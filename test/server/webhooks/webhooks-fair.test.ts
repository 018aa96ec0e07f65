/** A receiver that hangs for ever holds up nobody else's webhooks; and a run that never began tells its own once. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createOutbox, putWebhook } from '../../../checkpoints/served/outbox.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { createHostSlots } from '../../../server/webhooks/host-slots.ts';
import { startWebhooks, type Webhooks } from '../../../server/webhooks/webhooks.ts';
import { type Home, makeHome, threadOf } from '../../checkpoints/home.ts';
import { until } from '../../until.ts';
import { startServer, type TestServer } from '../serving.ts';

interface Receiver {
  readonly url: string;
  readonly got: { readonly body: Record<string, unknown>; readonly at: number }[];
  open: number;
  most: number;
  close(): void;
}

const receivers: Receiver[] = [];
async function receive(kind: 'hangs' | 'answers'): Promise<Receiver> {
  const server: HttpServer = createServer((request, response) => {
    let body = '';
    receiver.open += 1;
    receiver.most = Math.max(receiver.most, receiver.open);
    response.on('close', () => {
      receiver.open -= 1;
    });
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      receiver.got.push({ body: JSON.parse(body) as Record<string, unknown>, at: performance.now() });
      if (kind === 'answers') response.end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server's address
    got: [],
    open: 0,
    most: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  receivers.push(receiver);
  return receiver;
}
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});

describe('the queue', () => {
  let home: Home;
  let database: ReturnType<typeof openDatabase>;
  let running: Webhooks;
  const put = (url: string, number: number): void =>
    sqliteSql(database).write(() => putWebhook({ runId: threadOf(number), tenant: 'acme', url, body: '{}', at: home.clock.ms }));
  const start = (): void => {
    running = startWebhooks({
      outbox: createOutbox(sqliteSql(database), home.clock),
      clock: home.clock,
      log: vi.fn(),
      policy: { allow: [], loopbackBind: true, ownApp: false },
    });
  };
  beforeEach(() => {
    home = makeHome();
    database = openDatabase(home.file);
  });
  afterEach(async () => {
    await running.stop();
    database.close();
    home.dispose();
  });

  test('sends to an honest receiver at once beside fifty to one that hangs, which has four at a time', async () => {
    const [hangs, honest] = [await receive('hangs'), await receive('answers')];
    for (let number = 1; number <= 50; number += 1) put(`${hangs.url}/${number}`, number);
    put(honest.url, 51);
    const since = performance.now();
    start();
    await until(() => honest.got.length === 1, 'the honest one');
    expect(performance.now() - since).toBeLessThan(1000);
    // And those that come while it hangs.
    for (let number = 52; number <= 60; number += 1) {
      put(honest.url, number);
      running.poke();
    }
    const later = performance.now();
    await until(() => honest.got.length === 10, 'the later ones');
    expect(performance.now() - later).toBeLessThan(1000);
    expect(hangs.got).toHaveLength(4);
    expect(hangs.most).toBe(4);
  });

  test('sends all of many to one honest receiver without a pause, four at a time', async () => {
    const honest = await receive('answers');
    for (let number = 1; number <= 200; number += 1) put(honest.url, number);
    const since = performance.now();
    start();
    await until(() => honest.got.length === 200, 'all');
    expect(performance.now() - since).toBeLessThan(5000);
    expect(honest.most).toBeLessThanOrEqual(4);
  });
});

test('a host that gave no answer has one slot until it gives one; one that says no is as before', () => {
  const slots = createHostSlots();
  for (let count = 0; count < 4; count += 1) slots.begun('a');
  expect(slots.room().get('a')).toBe(0);
  expect(slots.ended('a', false)).toBe(true);
  expect(slots.room().get('a')).toBe(-2);
  for (const answered of [false, undefined, undefined]) slots.ended('a', answered);
  expect(slots.room().get('a')).toBe(1);
  slots.begun('a');
  expect(slots.ended('a', true)).toBe(true);
  expect([...slots.room()]).toEqual([]);
  for (let count = 0; count < 2000; count += 1) {
    slots.begun(`h${count}`);
    slots.ended(`h${count}`, false);
  }
  expect(slots.room().size).toBe(1000);
});

describe('a run that is stopped before it began tells its webhook, once', () => {
  let server: TestServer;
  let target: Receiver;
  beforeEach(async () => {
    target = await receive('answers');
    // Nobody works the queue.
    server = await startServer({ limits: { concurrency: 0 } });
  });
  afterEach(() => server.stop());

  const pending = async (threadId: string, path = '', more: object = {}): Promise<string> => {
    const body = { assistant_id: 'two', input: { n: 1 }, metadata: { a: 'b' }, webhook: `${target.url}/${path}`, ...more };
    return ((await server.send('POST', `/threads/${threadId}/runs`, body)).body as { run_id: string }).run_id;
  };
  const told = async (count: number): Promise<Record<string, unknown>[]> => {
    await until(() => target.got.length >= count, 'the webhook', { ms: 3000 });
    await new Promise((wake) => setTimeout(wake, 300));
    return target.got.map(({ body }) => body);
  };

  test.each(['interrupt', 'rollback'] as const)('by a cancel that says %s, and again', async (action) => {
    const { thread_id } = await server.client.threads.create();
    const run_id = await pending(thread_id);
    for (let count = 0; count < 2; count += 1) await server.send('POST', `/threads/${thread_id}/runs/${run_id}/cancel?action=${action}`);
    expect(await told(1)).toMatchObject([
      {
        run_id,
        thread_id,
        status: 'interrupted',
        metadata: { a: 'b' },
        values: null,
        run_started_at: null,
        run_ended_at: expect.stringMatching(/Z$/),
      },
    ]);
  });

  test('by a run that takes its place, by a cancel of many; but not the one that still waits, nor one without a webhook', async () => {
    const { thread_id } = await server.client.threads.create();
    const replaced = await pending(thread_id);
    await pending(thread_id, '', { webhook: undefined });
    const waits = await pending(thread_id, '', { multitask_strategy: 'rollback' });
    expect((await told(1)).map(({ run_id }) => run_id)).toEqual([replaced]);
    await server.send('POST', '/runs/cancel', { thread_id });
    expect((await told(2)).map(({ run_id }) => run_id)).toEqual([replaced, waits]);
  });
});
