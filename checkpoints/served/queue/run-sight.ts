/** Which runs a scope sees: those of the threads that it sees, and its own stateless ones. */
import type { Json, Scope } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { isOfGraphs, matchesFilters } from '../filters.ts';
import { type Row, rowById } from './run-row.ts';

export interface KnownThread {
  readonly tenant: string;
  readonly metadata: Json;
  readonly config: Json;
}

/** Whoever may see it. */
export function* knownThread(threadId: string): Transaction<KnownThread | undefined> {
  const row = yield* one<{ tenant: string; metadata: string; config: string }>(
    'SELECT tenant, metadata, config FROM threads WHERE thread_id = $1',
    [threadId],
  );
  if (row === undefined) return undefined;
  const { tenant, metadata, config } = row;
  return { tenant, metadata: JSON.parse(metadata) as Json, config: JSON.parse(config) as Json }; // written by threads
}

export const isThreadSeen = (scope: Scope, { tenant, metadata }: KnownThread): boolean =>
  tenant === scope.tenant && matchesFilters(metadata, scope.filters) && isOfGraphs(metadata, scope);

export function* isRunSeen(scope: Scope, row: Row): Transaction<boolean> {
  if (row.tenant !== scope.tenant) return false;
  const thread = yield* knownThread(row.thread_id);
  if (thread !== undefined) return isThreadSeen(scope, thread);
  // A stateless run's thread may be gone: its tenant and its graph are its own.
  if (scope.filters !== undefined) return false;
  if (scope.graphs === undefined) return true;
  const assistant = yield* one<{ graph_id: string }>('SELECT graph_id FROM assistants WHERE assistant_id = $1', [row.assistant_id]);
  return isOfGraphs(assistant ?? { graph_id: '' }, scope);
}

/** Undefined also for one that the scope does not see, or that is of another thread. */
export function* rowInSight(scope: Scope, threadId: string | undefined, runId: string): Transaction<Row | undefined> {
  const row = yield* rowById(runId);
  if (row === undefined || (threadId !== undefined && row.thread_id !== threadId)) return undefined;
  return (yield* isRunSeen(scope, row)) ? row : undefined;
}
