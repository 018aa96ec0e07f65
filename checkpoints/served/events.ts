/** The events of a run, kept with it: dense ids, written before anybody sees them. */
import { FencedError } from '../../domain/errors.ts';
import type { EventRow, Events, RunLease } from '../../domain/served.ts';
import { many, one, run, type Sql, some, type Transaction } from '../sql/transaction.ts';
import { holds } from './queue/holds.ts';

type NewEvents = Parameters<Events['append']>[1];

export function createEvents(sql: Sql): Events {
  return {
    append: async (lease, events) => sql.write(() => append(lease, events)),
    read: async (runId, afterSeq, limit, maxBytes) => sql.read(() => readAfter({ runId, afterSeq, limit, maxBytes })),
    last: async (runId) => sql.read(() => last(runId)),
    trim: async (runId, below) => {
      await sql.write(() => run('DELETE FROM run_events WHERE run_id = $1 AND seq < $2', [runId, below]));
    },
    prune: async (before, limit) => sql.write(() => prune(before, limit)),
  };
}

function* append(lease: RunLease, events: NewEvents): Transaction<number> {
  if (!(yield* holds(lease))) throw new FencedError(lease.threadId, lease.epoch);
  let seq = yield* last(lease.runId);
  for (const { event, data } of events) {
    seq += 1;
    yield* run('INSERT INTO run_events (run_id, seq, event, data) VALUES ($1, $2, $3, $4)', [lease.runId, seq, event, data]);
  }
  return seq;
}

function* last(runId: string): Transaction<number> {
  const row = yield* one<{ seq: number }>('SELECT COALESCE(MAX(seq), -1) AS seq FROM run_events WHERE run_id = $1', [runId]);
  return row?.seq ?? -1;
}

interface Reading {
  readonly runId: string;
  readonly afterSeq: number;
  readonly limit: number;
  readonly maxBytes: number;
}

function* readAfter({ runId, afterSeq, limit, maxBytes }: Reading): Transaction<readonly EventRow[]> {
  const text = 'SELECT seq, event, data FROM run_events WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3';
  const rows = yield* some<EventRow>(text, [runId, afterSeq, limit], maxBytes);
  let bytes = 0;
  const enough = rows.findIndex((row) => {
    bytes += row.data.length;
    return bytes >= maxBytes;
  });
  return enough < 0 ? rows : rows.slice(0, enough + 1);
}

function* prune(before: string, limit: number): Transaction<number> {
  const runs = yield* many<{ run_id: string }>(
    `SELECT run_id FROM thread_runs r WHERE r.status NOT IN ('pending', 'running') AND r.updated_at < $1
       AND EXISTS (SELECT 1 FROM run_events e WHERE e.run_id = r.run_id) LIMIT $2`,
    [before, limit],
  );
  for (const { run_id } of runs) yield* run('DELETE FROM run_events WHERE run_id = $1', [run_id]);
  return runs.length;
}
