/** Follows a stream of a server over cuts: each event once, in order, from the last one that came. */
import { createParser } from 'eventsource-parser';
import { UsageError } from '../../domain/errors.ts';
import { type Exchange, pause, WayLost } from './exchange.ts';

/** A stream that says nothing for so long is cut, in ms: the server says something every 5 s. */
const SILENT_MS = 30_000;
/** Tries in a row that bring nothing, and the waits before them, in ms: about half a minute in all. */
const WAITS_MS = [100, 250, 500, 1000, 2000, 4000, 8000, 15_000];
/** How long the last look of a follower who leaves may take, in ms. */
const LAST_MS = 5000;
/** Before its further tries, in ms. */
const LAST_WAITS_MS = [50, 100, 250, 500];
/** A stream that stood so long worked, in ms. */
const LIVED_MS = 1000;
/** Longest event, in characters. */
const MAX_EVENT = 16 * 1024 * 1024;

export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

export interface Followed {
  /** With its query; `until=now` may be added to it. */
  readonly path: string;
  /** Returns true when that was the last one. */
  readonly onEvent: (event: StreamEvent) => boolean;
  /** The follower leaves; what is there by then is told first. */
  readonly signal: AbortSignal;
}

/** Returns when the last event was told, or after the follower left. @throws UsageError where the server refuses, or stays away. */
export async function followStream(exchange: Exchange, { path, onEvent, signal }: Followed): Promise<'told' | 'left'> {
  let lastId: string | undefined;
  let failures = 0;
  const tell = (event: StreamEvent): boolean => {
    // Only an event with an id is kept by the server: the same one again is one that came before the cut.
    if (event.id !== undefined && event.id === lastId) return false;
    const isLast = onEvent(event);
    lastId = event.id ?? lastId;
    return isLast;
  };
  const from = (): Readonly<Record<string, string>> => (lastId === undefined ? {} : { 'last-event-id': lastId });
  while (!signal.aborted) {
    try {
      const lived = (): void => {
        failures = 0;
      };
      if (await readOnce(exchange, { path, headers: from(), tell, lived, signal })) return 'told';
    } catch (thrown) {
      if (!(thrown instanceof WayLost)) throw thrown;
      if (failures >= WAITS_MS.length) throw thrown.told;
    }
    if (signal.aborted) break;
    const waitMs = WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0;
    failures += 1;
    if (failures > WAITS_MS.length) throw new UsageError(`server ${exchange.server}: ends its stream again and again; look later`);
    await pause(waitMs, signal);
  }
  const once = `${path}${path.includes('?') ? '&' : '?'}until=now`;
  await readRest(exchange, () => ({ path: once, headers: from(), tell, lived: () => undefined, signal: AbortSignal.timeout(LAST_MS) }));
  return 'left';
}

/** What was written up to the moment of leaving, over cuts too; a server that is gone keeps nobody. */
async function readRest(exchange: Exchange, reading: () => Reading): Promise<void> {
  for (const waitMs of [...LAST_WAITS_MS, undefined]) {
    try {
      await readOnce(exchange, reading());
      return;
    } catch (thrown) {
      if (!(thrown instanceof WayLost) || waitMs === undefined) return;
      await pause(waitMs);
    }
  }
}

interface Reading {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tell: (event: StreamEvent) => boolean;
  /** Called when it has brought something and stood for a while: what comes after is another failure. */
  readonly lived: () => void;
  readonly signal: AbortSignal;
}

/** True when the last event came; false when the stream ended before, or the reader left. @throws WayLost; UsageError. */
async function readOnce(exchange: Exchange, { path, headers, tell, lived, signal }: Reading): Promise<boolean> {
  const since = performance.now();
  const silence = new AbortController();
  const quiet = setTimeout(() => silence.abort(), SILENT_MS);
  const both = AbortSignal.any([signal, silence.signal]);
  let isLast = false;
  try {
    const response = await exchange.open(path, headers, both);
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
      throw new UsageError(`server ${exchange.server}: gives no stream where Governor does: a proxy in between, or another address`);
    let sizeCharacters = 0;
    const parser = createParser({
      onComment: () => {
        sizeCharacters = 0;
      },
      onEvent: ({ id, event, data }) => {
        sizeCharacters = 0;
        if (!isLast) isLast = tell({ id, event: event ?? '', data: parsed(exchange.server, data) });
      },
    });
    for await (const text of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
      quiet.refresh();
      if (performance.now() - since > LIVED_MS) lived();
      sizeCharacters += text.length;
      parser.feed(text);
      if (isLast) return true;
      if (sizeCharacters > MAX_EVENT)
        throw new UsageError(`server ${exchange.server}: an event of its stream is longer than ${MAX_EVENT} characters`);
    }
    return isLast;
  } catch (thrown) {
    if (signal.aborted) return isLast;
    if (thrown instanceof WayLost || thrown instanceof UsageError) throw thrown;
    throw new WayLost(new UsageError(`server ${exchange.server}: its stream was cut, and it does not come back; look later`));
  } finally {
    clearTimeout(quiet);
    silence.abort();
  }
}

function parsed(server: string, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new UsageError(`server ${server}: its stream holds what is not JSON; is it Governor's?`);
  }
}
