/** Minutes of silence, with a clock that runs 500 times as fast for all that waits: the HTTP client by itself gives up after five. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createTransport } from '../../../models/wire/transport.ts';

const { later } = vi.hoisted(() => {
  const real = globalThis.setTimeout;
  const fast = (work: () => void, ms = 0, ...rest: []): NodeJS.Timeout => real(work, ms / 500, ...rest);
  // Before the HTTP client is loaded: it keeps its own clock, which ticks by this.
  globalThis.setTimeout = Object.assign(fast, { __promisify__: real.__promisify__ });
  return { later: real };
});

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

async function slow(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`; // listening on TCP
}

/** In real time; 500 times as long for the client. */
const TEN_MINUTES_MS = 1200;

it.each([
  ['its headers', (response: ServerResponse) => void later(() => response.end('{}'), TEN_MINUTES_MS)],
  [
    'its next part',
    (response: ServerResponse) => {
      response.write('{');
      later(() => response.end('}'), TEN_MINUTES_MS);
    },
  ],
])('an answer may let one wait ten minutes for %s', async (_what, answer) => {
  const arrived = await createTransport({}).post(await slow(answer), { headers: {}, body: '{}', signal: new AbortController().signal });
  const chunks: Uint8Array[] = [];
  for await (const chunk of arrived.body) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('{}');
});
