/** Protocol v2: how soon a command is told on an open stream, and a thousand open streams for a while. */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { DevServer } from '../../test/compat/server.ts';
import { ask, held } from './http.ts';
import { median, quantile, slope } from './numbers.ts';

/** With the one of the client they are the thousand that a caller may hold open. */
const THREADS = 9;
const READERS = 111;
const STEP_MS = 2000;
const FILTER = { channels: ['values', 'lifecycle'] };

let commands = 0;

function startRun(server: DevServer, thread: string, assistant: string, input: object, config: object = {}): Promise<unknown> {
  commands += 1;
  return ask('POST', `${server.url}/threads/${thread}/commands`, {
    id: commands,
    method: 'run.start',
    params: { assistant_id: assistant, input, config },
  });
}

/** From the command that starts a small run to the first event of it, on a stream that was open before its thread was there. */
async function firstEvent(server: DevServer): Promise<number> {
  const thread = randomUUID();
  const closing = new AbortController();
  let first: () => void = () => {};
  const told = new Promise<void>((tell) => {
    first = tell;
  });
  const { end } = await held(`${server.url}/threads/${thread}/stream/events`, FILTER, closing.signal, first);
  const began = performance.now();
  const [found] = await Promise.all([told.then(() => performance.now() - began), startRun(server, thread, 'trivial', { count: 1 })]);
  closing.abort();
  await end;
  return found;
}

export async function protocolStreams(server: DevServer, count: number): Promise<{ first: number; firstHigh: number }> {
  const firsts: number[] = [];
  for (let turn = 0; turn < count; turn += 1) firsts.push(await firstEvent(server));
  return { first: median(firsts), firstHigh: quantile(firsts, 0.95) };
}

export interface ProtocolSoaked {
  readonly firstMedianMs: number;
  readonly slopeMiBPerMinute: number;
  readonly eventsPerSecond: number;
  readonly brokenStreams: number;
}

/** A thousand streams: readers of slow runs, and one client that starts small runs on threads of their own. */
export async function protocolSoak(server: DevServer, seconds: number, log: (line: string) => void): Promise<ProtocolSoaked> {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  let events = 0;
  let broken = 0;
  const readers: Promise<void>[] = [];
  for (let thread = 0; thread < THREADS; thread += 1) {
    const id = randomUUID();
    const url = `${server.url}/threads/${id}/stream/events`;
    const streams = Array.from({ length: READERS }, () =>
      held(url, FILTER, closing.signal, (count) => {
        events += count;
      }),
    );
    for (const { end } of await Promise.all(streams))
      readers.push(
        end.then(() => {
          if (!closing.signal.aborted) broken += 1;
        }),
      );
    await startRun(server, id, 'slow', { sleep_ms: STEP_MS, steps: 1_000_000 }, { recursion_limit: 1_000_000 });
  }
  log(`${server.kind} v2 soak: ${THREADS * READERS} streams are open`);
  const until = performance.now() + seconds * 1000;
  const memory: [number, number][] = [];
  const sampling = setInterval(() => {
    memory.push([performance.now() / 60_000, server.rssMiB()]);
    if (memory.length % 30 === 0) log(`${server.kind} v2 soak: ${memory.length} s, ${Math.round(server.rssMiB())} MiB, ${events} events`);
  }, 1000);
  const before = events;
  const firsts: number[] = [];
  while (performance.now() < until) {
    firsts.push(await firstEvent(server));
    await new Promise((wake) => setTimeout(wake, 100));
  }
  clearInterval(sampling);
  const told = events - before;
  closing.abort();
  await Promise.all(readers);
  return {
    firstMedianMs: median(firsts),
    slopeMiBPerMinute: slope(memory.slice(Math.floor(memory.length / 3))),
    eventsPerSecond: told / seconds,
    brokenStreams: broken,
  };
}
