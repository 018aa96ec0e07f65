/** The two answers that stay open: a run's events as SSE, and its final values behind keep-alive blanks. */
import type { ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { ended, follow } from './follow.ts';

/** So often a waiting client gets a line feed, which JSON ignores, in ms. */
const BLANK_MS = 1000;
const encoder = new TextEncoder();

export interface StreamOptions {
  /** Strictly after this id; -1: from the start. */
  readonly afterSeq: number;
  /** Modes to be told; undefined: all. */
  readonly modes?: readonly string[] | undefined;
  /** Namespaces to be told, `''` the graph's own; undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The principal that reads. */
  readonly owner: string;
  /** Called when the client leaves before the end. */
  readonly onLeave?: (() => void) | undefined;
}

/** `event`, `data`, `id`, in this order, as LangGraph's servers write it. */
const frame = (event: string, data: string, id: number): string => `event: ${event}\ndata: ${data}\nid: ${id}\n\n`;

/** `values|tools:1` is of the mode `values`, `messages/partial` of `messages`; a bare `messages` is told by `messages-tuple`. */
function wanted(event: string, { modes, namespaces }: StreamOptions): boolean {
  if (event === 'metadata' || event === 'error' || event === 'feedback') return true;
  if (namespaces !== undefined && !namespaces.includes(event.split('|').slice(1).join('|'))) return false;
  if (modes === undefined) return true;
  if (event.startsWith('messages/')) return modes.includes('messages');
  const mode = /^[^|]*/.exec(event)?.[0] ?? event;
  return modes.includes(mode === 'messages' ? 'messages-tuple' : mode);
}

/** Pulled by the reader: a slow one holds back nothing but itself, and one that asks only for the head (HEAD) holds nothing. */
function body(parts: (signal: AbortSignal) => AsyncGenerator<string>, onLeave: (() => void) | undefined): ReadableStream<Uint8Array> {
  const leave = new AbortController();
  const generator = parts(leave.signal);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await generator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      },
      cancel: () => {
        leave.abort();
        // A reader that has stopped pulling would never let the generator come to its end.
        void generator.return(undefined);
        onLeave?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** @returns 200 with `text/event-stream`; what `parts` holds it lets go when the reader leaves. */
export function sse(
  parts: (signal: AbortSignal) => AsyncGenerator<string>,
  { headers, onLeave }: Partial<Pick<StreamOptions, 'headers' | 'onLeave'>> = {},
): Response {
  return new Response(body(parts, onLeave), {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no', ...headers },
  });
}

/** The events of a run. */
export function eventStream(server: Server, run: ServedRun, options: StreamOptions): Response {
  async function* parts(signal: AbortSignal): AsyncGenerator<string> {
    server.streams.opened(options.owner);
    try {
      for await (const row of follow(server, run, options.afterSeq, signal)) {
        if (row === undefined) yield ': heartbeat\n\n';
        else if (wanted(row.event, options)) yield frame(row.event, row.data, row.seq);
      }
    } finally {
      server.streams.closed(options.owner);
    }
  }
  return sse(parts, options);
}

/** @returns 200 with the run's output; a failed run's output is `{ "__error__": ... }`, since the answer has begun. */
export function waitFor(server: Server, run: ServedRun, options: Pick<StreamOptions, 'headers' | 'owner' | 'onLeave'>): Response {
  async function* parts(signal: AbortSignal): AsyncGenerator<string> {
    server.streams.opened(options.owner);
    try {
      yield* output(signal);
    } finally {
      server.streams.closed(options.owner);
    }
  }
  async function* output(signal: AbortSignal): AsyncGenerator<string> {
    let last: ServedRun | undefined;
    let over = false;
    const end = ended(server, run, signal).then((found) => {
      last = found;
      over = true;
    });
    while (!over && !signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      const blank = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, BLANK_MS);
      });
      await Promise.race([end, blank]);
      clearTimeout(timer);
      if (!over) yield '\n';
    }
    // A run that was taken back, or never began, leaves what was there before.
    const began = last !== undefined && !(last.status === 'interrupted' && last.output === null);
    if (began) yield JSON.stringify(last?.output ?? null);
    else yield JSON.stringify((await server.served.threads.get({ tenant: run.tenant }, run.threadId))?.values ?? null);
  }
  return new Response(body(parts, options.onLeave), { headers: { 'content-type': 'application/json', ...options.headers } });
}
