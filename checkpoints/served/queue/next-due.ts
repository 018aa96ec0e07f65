/** When the queue is worth another look. */
import { one, type Transaction } from '../../sql/transaction.ts';
import { OPEN } from './run-row.ts';

/** Ms until a delayed run is due or a lease runs out; undefined: nothing waits. `nowMs` is ms since 1970. */
export function* nextDueMs(nowMs: number): Transaction<number | undefined> {
  const row = yield* one<{ at: number | null }>(
    `SELECT MIN(moments.at) AS at FROM (SELECT MIN(due_at) AS at FROM thread_runs WHERE ${OPEN} AND status = 'pending'
       UNION ALL SELECT MIN(lease_until) AS at FROM thread_runs WHERE ${OPEN} AND status = 'running') AS moments`,
  );
  return row === undefined || row.at === null ? undefined : Math.max(0, row.at - nowMs);
}
