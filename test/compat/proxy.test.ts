/** Streams that are cut anywhere, by a proxy or by the server's own death: the official client gets every event once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../until.ts';
import { openCuttingProxy } from './cutting-proxy.ts';
import { type DevServer, freePort, startServer } from './server.ts';

let server: DevServer;

beforeAll(async () => {
  server = await startServer('governor');
});
afterAll(() => server?.close());

interface Part {
  readonly id?: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

async function collect(stream: AsyncIterable<Part>, seen: Part[] = []): Promise<Part[]> {
  for await (const part of stream) seen.push(part);
  return seen;
}

const dense = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

/** 20 steps of 20 ms, each one `values` and one `updates` event. */
const RUN = { input: { steps: 20, sleep_ms: 20 }, streamMode: ['values', 'updates'] as ('values' | 'updates')[] }; // the SDK wants a list it may change

test.concurrent.each([1, 2, 3, 4])('a stream cut at random (seed %i) reaches the client whole', async (seed) => {
  const proxy = await openCuttingProxy(server.url, { seed, withinBytes: 1500, atMost: 4 });
  try {
    const client = new Client({ apiUrl: proxy.url, apiKey: null });
    const { thread_id: thread } = await client.threads.create();
    let runId = '';
    const parts = await collect(
      client.runs.stream(thread, 'slow', {
        ...RUN,
        onRunCreated: (run) => {
          runId = run.run_id;
        },
      }),
    );
    expect(proxy.cuts).toBeGreaterThan(0);
    expect(parts.map((part) => part.id)).toEqual(dense(parts.length));
    expect(parts[0]).toMatchObject({ event: 'metadata', data: { run_id: runId, attempt: 1 } });
    expect(parts.filter((part) => part.event === 'values').map((part) => Object(part.data)['done'])).toEqual(dense(21).map(Number));
    expect(parts.filter((part) => part.event === 'updates')).toHaveLength(20);
    expect(await server.client.runs.list(thread)).toMatchObject([{ run_id: runId, status: 'success' }]);
    // What was sent live and what is read again are the same.
    expect(await collect(server.client.runs.joinStream(thread, runId, { lastEventId: '-1' }))).toEqual(parts);
  } finally {
    await proxy.close();
  }
});

test('eight streams at once through one cutting proxy', async () => {
  const proxy = await openCuttingProxy(server.url, { seed: 8, withinBytes: 2500, atMost: 12 });
  try {
    const client = new Client({ apiUrl: proxy.url, apiKey: null });
    const all = await Promise.all(
      dense(8).map(async () => {
        const { thread_id: thread } = await client.threads.create();
        return collect(client.runs.stream(thread, 'slow', RUN));
      }),
    );
    for (const parts of all) expect(parts.map((part) => part.id)).toEqual(dense(42));
    expect(proxy.cuts).toBe(12);
  } finally {
    await proxy.close();
  }
});

test('the server dies in the middle of a stream and comes back: the client goes on, and no event comes twice', async () => {
  const home = mkdtempSync(join(tmpdir(), 'governor-compat-home-'));
  const port = await freePort();
  let mortal = await startServer('governor', undefined, { port, home });
  try {
    const client = new Client({ apiUrl: mortal.url, apiKey: null });
    const { thread_id: thread } = await client.threads.create();
    const parts: Part[] = [];
    const reading = collect(client.runs.stream(thread, 'slow', { ...RUN, input: { steps: 20, sleep_ms: 60 } }), parts);
    await until(() => parts.length >= 12, 'twelve parts', { everyMs: 5 });
    await mortal.close();
    mortal = await startServer('governor', undefined, { port, home });
    await reading;
    expect(parts.map((part) => part.id)).toEqual(dense(parts.length));
    expect(parts.at(-1)).toMatchObject({ event: 'values', data: { done: 20 } });
    const [run] = await client.runs.list(thread);
    expect(run).toMatchObject({ status: 'success' });
    expect((await client.threads.getState(thread)).values).toMatchObject({ done: 20 });
    // And once more, from the database of a third process.
    await mortal.close();
    mortal = await startServer('governor', undefined, { port, home });
    expect(await collect(mortal.client.runs.joinStream(thread, run?.run_id ?? '', { lastEventId: '-1' }))).toEqual(parts);
  } finally {
    await mortal.close();
    rmSync(home, { recursive: true, force: true });
  }
});
