/** Cancels runs that wait or run: some by their ids, those of a thread, or all of a tenant. */
import type { CancelAction, Queue, Scope } from '../../../domain/served.ts';
import { many, type Transaction } from '../../sql/transaction.ts';
import { OPEN, openRowsOf, type Row, rowById } from './run-row.ts';
import { isRunSeen } from './run-sight.ts';
import { stopRun } from './stop-run.ts';

type Which = Parameters<Queue['cancel']>[1];

/** The ids of those that it concerned. `at` is ISO. */
export function* cancelRuns(scope: Scope, which: Which, action: CancelAction, at: string): Transaction<readonly string[]> {
  const statuses: readonly string[] = which.status === undefined || which.status === 'all' ? ['pending', 'running'] : [which.status];
  const stopped: Row[] = [];
  // All are looked at before the first one is stopped: its thread may go with it.
  for (const row of yield* namedRows(scope, which)) {
    const isAsked = statuses.includes(row.status) && (which.threadId === undefined || row.thread_id === which.threadId);
    if (isAsked && (yield* isRunSeen(scope, row))) stopped.push(row);
  }
  for (const row of stopped) yield* stopRun(row, action, at);
  return stopped.map((row) => row.run_id);
}

function* namedRows({ tenant }: Scope, { runIds, threadId }: Which): Transaction<readonly Row[]> {
  if (runIds === undefined)
    return threadId === undefined
      ? yield* many<Row>(`SELECT * FROM thread_runs WHERE tenant = $1 AND ${OPEN} ORDER BY seq`, [tenant])
      : yield* openRowsOf(threadId);
  const rows: Row[] = [];
  for (const runId of runIds) {
    const row = yield* rowById(runId);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}
