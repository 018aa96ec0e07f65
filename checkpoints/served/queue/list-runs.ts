/** Shows runs: one by its id, or those of a thread, newest first. */
import type { Queue, Scope, ServedRun } from '../../../domain/served.ts';
import { some, type Transaction } from '../../sql/transaction.ts';
import { conditions } from '../conditions.ts';
import { fitting, MAX_PAGE_LENGTH } from '../page-limit.ts';
import { missingThread } from '../threads/thread-row.ts';
import { type Row, runOf } from './run-row.ts';
import { isThreadSeen, knownThread, rowInSight } from './run-sight.ts';

/** Undefined also for one that the scope does not see, or that is of another thread. */
export function* findRun(scope: Scope, threadId: string | undefined, runId: string): Transaction<ServedRun | undefined> {
  const row = yield* rowInSight(scope, threadId, runId);
  return row === undefined ? undefined : runOf(row);
}

/** @throws ServedError `missing`; `invalid` when they are longer than an answer may be. */
export function* listRuns(scope: Scope, threadId: string, options: Parameters<Queue['list']>[2]): Transaction<readonly ServedRun[]> {
  const thread = yield* knownThread(threadId);
  if (thread === undefined || !isThreadSeen(scope, thread)) throw missingThread(threadId);
  const asked = conditions();
  asked.add('thread_id = ?', threadId);
  if (options.status !== undefined) asked.add('status = ?', options.status);
  if (options.metadata !== undefined) asked.add('json_contains(metadata, ?) = 1', JSON.stringify(options.metadata));
  const place = asked.parameters.length;
  const rows = yield* some<Row>(
    `SELECT * FROM thread_runs WHERE ${asked.where.join(' AND ')} ORDER BY seq DESC LIMIT $${place + 1} OFFSET $${place + 2}`,
    [...asked.parameters, options.limit, options.offset],
    MAX_PAGE_LENGTH,
  );
  const measured = fitting<Row>();
  return rows.map((row) => runOf(measured(row)));
}
