/** Which tasks of a thread have asked something since a run first began: their questions are newer than what it came to answer. */
import { many, type Transaction } from '../../sql/transaction.ts';

/** LangGraph's channel of questions; its package is loaded by the first run only. */
const INTERRUPT = '__interrupt__';

export function* askedSince(runId: string): Transaction<ReadonlySet<string>> {
  const rows = yield* many<{ task_id: string }>(
    `SELECT DISTINCT w.task_id FROM thread_runs r JOIN writes_by_arrival w ON w.thread_id = r.thread_id
     WHERE r.run_id = $1 AND w.channel = $2 AND w.arrival > COALESCE(r.mark_writes, 0)`,
    [runId, INTERRUPT],
  );
  return new Set(rows.map((row) => row.task_id));
}
