/** A stream that is cut goes on from its last event, and tells each once. */
import { afterEach, describe, expect, test } from 'vitest';
import { openExchange } from '../../../cli/afar/exchange.ts';
import { followStream } from '../../../cli/afar/follow.ts';
import { type Asked, openWeb, type Web } from '../../fakes/web.ts';

let web: Web | undefined;
afterEach(() => web?.close());

const frame = (id: number, event = 'log'): string => `event: ${event}\ndata: {"n":${id}}\nid: ${id}.0\n\n`;
const idOf = ({ headers }: Asked): string | undefined => headers['last-event-id'] as string | undefined; // node's own

async function follow(
  answer: Parameters<typeof openWeb>[0],
  signal = new AbortController().signal,
  onTold: (count: number) => void = () => undefined,
) {
  web = await openWeb(answer);
  const credential = { from: 'login' as const, token: async () => 't', renewed: async () => undefined };
  const told: unknown[] = [];
  const onEvent = ({ event, data }: { event: string; data: unknown }): boolean => {
    if (event === 'end') return true;
    told.push(data);
    onTold(told.length);
    return false;
  };
  const exchange = openExchange({ server: web.url, credential, loginCommand: 'governor login' });
  const end = await followStream(exchange, { path: '/follow?of=log', onEvent, signal }).catch((error: unknown) => error);
  return { end, told, asked: web.asked };
}

const HEAD = { 'content-type': 'text/event-stream' };

test('cut in the middle of an event, refused for a moment and ended too early, it tells each event once and in order', async () => {
  const { end, told, asked } = await follow((one, response, before) => {
    if (before === 1) return void response.writeHead(503).end();
    response.writeHead(200, HEAD);
    const from = Number((idOf(one) ?? '0').split('.')[0]);
    if (before === 0) {
      response.write(frame(1) + frame(2) + frame(3).slice(0, 20));
      setTimeout(() => response.destroy(), 20);
    } else if (before === 2) response.end(frame(from + 1));
    // A server that tells the last one again.
    else response.end(frame(from) + frame(from + 1) + frame(9, 'end'));
  });
  expect(end).toBe('told');
  expect(told).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  expect(asked.map(idOf)).toEqual([undefined, '2.0', '2.0', '3.0']);
});

test('a follower that leaves is told first what is there by then', async () => {
  const leave = new AbortController();
  const { end, told, asked } = await follow(
    (one, response) => {
      response.writeHead(200, HEAD);
      if (one.path.endsWith('until=now')) response.end(frame(2) + frame(3));
      else response.write(frame(1));
    },
    leave.signal,
    (count) => {
      if (count === 1) leave.abort();
    },
  );
  expect(end).toBe('left');
  expect(told).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(asked.map(({ path }) => path)).toEqual(['/follow?of=log', '/follow?of=log&until=now']);
  expect(idOf(asked[1] as Asked)).toBe('1.0');
});

test('a cut in that last look hides nothing, and a server that is gone then keeps nobody', async () => {
  for (const comesBack of [true, false]) {
    const leave = new AbortController();
    const { end, told } = await follow(
      (one, response, before) => {
        if (before > 0 && !(comesBack && before > 1)) return void response.destroy();
        response.writeHead(200, HEAD);
        if (before === 0) response.write(frame(1));
        else response.end(idOf(one) === '1.0' ? frame(2) : '');
      },
      leave.signal,
      (count) => {
        if (count === 1) leave.abort();
      },
    );
    expect([end, told]).toEqual(['left', comesBack ? [{ n: 1 }, { n: 2 }] : [{ n: 1 }]]);
    await web?.close();
  }
});

describe('it ends with what is wrong', () => {
  test.each([
    [403, { 'content-type': 'application/json' }, '{"detail":"eve has viewer"}', 'eve has viewer'],
    [404, { 'content-type': 'application/json' }, '{"detail":"there is no governed thread"}', 'there is no governed thread'],
    [200, { 'content-type': 'text/html' }, '<html>', 'gives no stream where Governor does'],
    [200, HEAD, 'event: log\ndata: <html>\n\n', 'its stream holds what is not JSON'],
  ] as const)('where the answer is %i %o', async (status, headers, body, rule) => {
    const { end, asked } = await follow((_one, response) => response.writeHead(status, headers).end(body));
    expect(end).toMatchObject({ name: 'UsageError', message: expect.stringContaining(rule) });
    expect(asked).toHaveLength(1);
  });

  test('where an event has no end', async () => {
    const { end } = await follow((_one, response) => {
      response.writeHead(200, HEAD).write('data: ');
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(256 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect(end).toMatchObject({ message: expect.stringContaining('is longer than 16777216 characters') });
  });
});
