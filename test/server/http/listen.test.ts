/** What a stop waits for: requests that have no answer yet, and no stream that is open. */
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { type Listening, listen } from '../../../server/http/listen.ts';

let listening: Listening;
afterEach(async () => {
  listening.cut();
  await listening.close();
});

test('a request counts until it is answered, an open stream does not', async () => {
  let answer = (): void => undefined;
  let arrived = false;
  const app = new Hono()
    .get('/slow', async (c) => {
      arrived = true;
      await new Promise<void>((done) => {
        answer = done;
      });
      return c.text('done');
    })
    .get('/stream', () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([10])) })));
  listening = await listen(app, { host: '127.0.0.1', port: 0, limits: { bodyBytes: 1000 } }, () => undefined);
  const slow = fetch(`${listening.url}/slow`).then((response) => response.text());
  await expect.poll(() => arrived).toBe(true);
  const stream = await fetch(`${listening.url}/stream`);
  expect(stream.status).toBe(200);
  expect(listening.unanswered()).toBe(1);
  const closed = listening.close();
  answer();
  expect(await slow).toBe('done');
  await expect.poll(() => listening.unanswered()).toBe(0);
  await stream.body?.cancel();
  listening.cut();
  await closed;
});
