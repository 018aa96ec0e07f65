/** A thread as it stands in its row, and who may see it. */
import { type Json, type Scope, ServedError, type ThreadRow } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { isOfGraphs, matchesFilters } from '../filters.ts';

export interface Row {
  thread_id: string;
  tenant: string;
  created_at: string;
  updated_at: string;
  state_updated_at: string | null;
  metadata: string;
  config: string;
  status: ThreadRow['status'];
  values: string | null;
  interrupts: string;
  error: string | null;
  ttl_minutes: number | null;
  governed: number;
}

/** Of a table `threads t`. */
export const COLUMNS = 't.*, CASE WHEN EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.thread_id) THEN 1 ELSE 0 END AS governed';
const BY_ID = `SELECT ${COLUMNS} FROM threads t WHERE t.thread_id = $1`;

// The JSON columns were written by the files beside this one.
export const rowOf = (row: Row): ThreadRow => ({
  threadId: row.thread_id,
  tenant: row.tenant,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  stateUpdatedAt: row.state_updated_at,
  metadata: JSON.parse(row.metadata) as Json, // as said above
  config: JSON.parse(row.config) as Json, // as said above
  status: row.status,
  values: row.values === null ? null : JSON.parse(row.values),
  interrupts: JSON.parse(row.interrupts) as ThreadRow['interrupts'], // as said above
  error: row.error === null ? null : JSON.parse(row.error),
  ttlMinutes: row.ttl_minutes,
  governed: row.governed === 1,
});

export const missingThread = (threadId: string): ServedError => new ServedError('missing', `Thread with ID ${threadId} not found`);

const isSeen = (scope: Scope, { tenant, metadata }: ThreadRow): boolean =>
  tenant === scope.tenant && matchesFilters(metadata, scope.filters) && isOfGraphs(metadata, scope);

/** Undefined also for one that the scope does not see. */
export function* rowInSight(scope: Scope, threadId: string): Transaction<Row | undefined> {
  const row = yield* one<Row>(BY_ID, [threadId]);
  return row !== undefined && isSeen(scope, rowOf(row)) ? row : undefined;
}

export function* findThread(scope: Scope, threadId: string): Transaction<ThreadRow | undefined> {
  const row = yield* one<Row>(BY_ID, [threadId]);
  if (row === undefined) return undefined;
  const thread = rowOf(row);
  return isSeen(scope, thread) ? thread : undefined;
}

/** @throws ServedError `missing`. */
export function* needThread(scope: Scope, threadId: string): Transaction<ThreadRow> {
  const thread = yield* findThread(scope, threadId);
  if (thread === undefined) throw missingThread(threadId);
  return thread;
}

/** @throws ServedError `missing`; `conflict` for a governed one. */
export function* needUngoverned(scope: Scope, threadId: string): Transaction<ThreadRow> {
  const thread = yield* needThread(scope, threadId);
  if (thread.governed)
    throw new ServedError(
      'conflict',
      `thread ${thread.threadId} is a governed run: its record is kept; "governor gc" removes what it no longer needs`,
    );
  return thread;
}
