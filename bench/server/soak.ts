/** 200 open streams and 32 clients for a while: how long a state read takes, and whether memory keeps growing. */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { DevServer } from '../../test/compat/server.ts';
import { ask, streamed } from './http.ts';
import { quantile, slope } from './numbers.ts';

const RUNS = 4;
const READERS = 50;
const CLIENTS = 32;
const STEP_MS = 500;

export interface Soaked {
  readonly stateP99Ms: number;
  readonly stateMedianMs: number;
  readonly slopeMiBPerMinute: number;
  readonly runsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly brokenStreams: number;
}

export async function soak(server: DevServer, seconds: number, log: (line: string) => void): Promise<Soaked> {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const end = performance.now() + seconds * 1000;
  let events = 0;
  let broken = 0;
  const readers: Promise<void>[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { thread_id: thread } = await server.client.threads.create();
    const { run_id: id } = await server.client.runs.create(thread, 'slow', {
      input: { sleep_ms: STEP_MS, steps: 1_000_000 },
      config: { recursion_limit: 1_000_000 },
      streamMode: ['values'],
      streamResumable: true,
    });
    const url = `${server.url}/threads/${thread}/runs/${id}/stream`;
    for (let reader = 0; reader < READERS; reader += 1)
      readers.push(
        streamed('GET', url, undefined, { 'last-event-id': '-1' }, closing.signal, (count) => {
          events += count;
        }).then(
          () => {
            broken += 1;
          },
          () => {
            if (!closing.signal.aborted) broken += 1;
          },
        ),
      );
  }
  const reads: number[] = [];
  let runs = 0;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (performance.now() < end) {
      const thread = `${server.url}/threads/${randomUUID()}`;
      await ask('POST', `${thread}/runs/wait`, { assistant_id: 'trivial', input: { count: 1 }, if_not_exists: 'create' });
      runs += 1;
      reads.push((await ask('GET', `${thread}/state`)).ms);
      await ask('POST', `${server.url}/threads/search`, { limit: 10 });
    }
  });
  const memory: [number, number][] = [];
  const sampling = setInterval(() => {
    memory.push([performance.now() / 60_000, server.rssMiB()]);
    if (memory.length % 30 === 0) log(`${server.kind} soak: ${memory.length} s, ${Math.round(server.rssMiB())} MiB, ${runs} runs`);
  }, 1000);
  await Promise.all(clients);
  clearInterval(sampling);
  closing.abort();
  await Promise.all(readers);
  return {
    stateP99Ms: quantile(reads, 0.99),
    stateMedianMs: quantile(reads, 0.5),
    slopeMiBPerMinute: slope(memory.slice(Math.floor(memory.length / 3))),
    runsPerSecond: runs / seconds,
    eventsPerSecond: events / seconds,
    brokenStreams: broken,
  };
}
