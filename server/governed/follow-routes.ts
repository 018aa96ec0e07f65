/** `/governor/threads/{id}/follow`: the log or the audit trail of a thread as it is written; a reader that was cut off goes on from its last event. */
import { z } from 'zod';
import type { AuditRecord } from '../../domain/audit.ts';
import type { LogEvent } from '../../domain/log.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { Scope } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Server } from '../context.ts';
import { type Call, type Endpoint, endpoint } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { askedAgain, createSight } from '../protocol/sight.ts';
import { sse } from '../runs/stream.ts';
import { isAtWork, params, seenIn, tag } from './thread-rows.ts';

/** How often the stores are asked, in ms. */
const POLL_MS = 200;
/** A comment so often, so that clients and proxies know that the stream lives, in ms. */
const HEARTBEAT_MS = 5000;
/** Records that are read at once. */
const PAGE = 1000;
/** A process that has just begun needs a moment until it holds the thread, in ms. */
const DEAD_MS = 5000;

const followQuery = z.strictObject({
  of: z
    .enum(['log', 'audit'])
    .default('log')
    .describe('`log`: what its agents said and did, until it rests. `audit`: its trail, and what agents write just now.'),
  agent: z.string().min(1).max(100).optional().describe('Only of this one; for `log`.'),
  until: z.enum(['now', 'rest']).default('rest').describe('`now`: ends when all that is there is told.'),
});
type FollowCall = Call<{ readonly thread_id: string }, z.output<typeof followQuery>>;

/** An event of the log is named by its record and its place among those of the same record: `12.0`. */
interface Cursor {
  readonly seq: number;
  readonly place: number;
}
const START: Cursor = { seq: -1, place: -1 };

export function followThread(server: Server): Endpoint {
  const declared = {
    tag,
    summary: 'Its log or its trail as it is written, as SSE; `Last-Event-ID` goes on after a cut',
    permission: 'read',
    params,
    query: followQuery,
    media: 'text/event-stream',
  } as const;
  return endpoint('get', '/governor/threads/{thread_id}/follow', declared, async (call) => {
    const { scope, row } = await seenIn(server, call);
    const owner = call.caller.person.id;
    const cursor = cursorOf(call);
    // An agent that is unknown is refused before the answer begins.
    if (call.query.agent !== undefined)
      await operationsOf(server.runtime).log(row, { agent: call.query.agent, after: Number.MAX_SAFE_INTEGER });
    server.streams.assertRoom(owner);
    return sse(async function* (signal) {
      const { clock } = server.runtime;
      const mayRead = askedAgain(createSight(server, call, row.threadId), () => clock.monotonic());
      const following = { scope, row, cursor, mayRead, signal };
      server.streams.opened(owner);
      try {
        yield* call.query.of === 'log' ? logFrames(server, call, following) : trailFrames(server, call, following);
      } finally {
        server.streams.closed(owner);
      }
    });
  });
}

/** @throws Problem 422 for an id that is none of this stream's. */
function cursorOf({ c }: FollowCall): Cursor {
  const given = c.req.header('last-event-id') ?? '';
  if (given === '') return START;
  const [, seq, place = '0'] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(given) ?? [];
  if (seq === undefined) throw new Problem(422, `Last-Event-ID: ${JSON.stringify(given.slice(0, 50))} is no id of this stream`);
  return { seq: Number(seq), place: Number(place) };
}

interface Following {
  readonly scope: Scope;
  readonly row: RunRow;
  readonly cursor: Cursor;
  /** A key can be revoked, and a row can change its owner. */
  readonly mayRead: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

const frame = (event: string, data: unknown, id?: string): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n${id === undefined ? '' : `id: ${id}\n`}\n`;

async function* logFrames(
  server: Server,
  { query }: FollowCall,
  { scope, row, cursor, mayRead, signal }: Following,
): AsyncGenerator<string> {
  const { runs } = server.runtime.stores;
  const reader = await operationsOf(server.runtime).openLog(row.threadId);
  const beat = heartbeat(server);
  const isDead = deadAfter(server);
  let at: Cursor = START;
  while (!signal.aborted && (await mayRead())) {
    // How it stands is looked at first: what was recorded before is then read for sure.
    const now = (await runs.get(row.threadId)) ?? row;
    const live = await isAtWork(server, scope, now);
    for (const event of await reader.next()) {
      if (query.agent !== undefined && event.agent !== query.agent) continue;
      at = after(at, event);
      if (!isKnown(at, cursor)) yield frame('log', event, `${at.seq}.${at.place}`);
    }
    if (query.until === 'now') return;
    if (!live && now.status !== 'running') return yield frame('end', { end: 'rested' });
    if (isDead(live)) return yield frame('end', { end: 'dead' });
    yield* beat();
    await pause(POLL_MS, signal);
  }
}

const after = (at: Cursor, { seq }: LogEvent): Cursor => (seq === at.seq ? { seq, place: at.place + 1 } : { seq, place: 0 });
const isKnown = (at: Cursor, cursor: Cursor): boolean => at.seq < cursor.seq || (at.seq === cursor.seq && at.place <= cursor.place);

async function* trailFrames(server: Server, { query }: FollowCall, { row, cursor, mayRead, signal }: Following): AsyncGenerator<string> {
  const { audit } = server.runtime.stores;
  const { threadId } = row;
  const operations = operationsOf(server.runtime);
  const beat = heartbeat(server);
  let seq = Math.max(0, cursor.seq);
  let writing = '[]';
  while (!signal.aborted && (await mayRead())) {
    const records: readonly AuditRecord[] = await audit.read({ threadId, afterSeq: seq, limit: PAGE });
    for (const record of records) {
      seq = record.seq;
      yield frame('audit', record, String(seq));
    }
    if (records.length === PAGE) continue;
    if (query.until === 'now') return;
    const now = operations.writing(threadId);
    const text = JSON.stringify(now);
    if (text !== writing) yield frame('writing', now);
    writing = text;
    yield* beat();
    await pause(POLL_MS, signal);
  }
}

function heartbeat({ runtime, limits }: Server): () => Generator<string> {
  const everyMs = limits.heartbeatMs ?? HEARTBEAT_MS;
  let toldAt = runtime.clock.monotonic();
  return function* () {
    if (runtime.clock.monotonic() - toldAt < everyMs) return;
    toldAt = runtime.clock.monotonic();
    yield ': heartbeat\n\n';
  };
}

function deadAfter({ runtime }: Server): (live: boolean) => boolean {
  let since: number | undefined;
  return (live) => {
    since = live ? undefined : (since ?? runtime.clock.monotonic());
    return since !== undefined && runtime.clock.monotonic() - since > DEAD_MS;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((wake) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      wake();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
