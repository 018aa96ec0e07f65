/** What becomes of a thread when a run on it has ended. */
import type { ThreadEnd } from '../../../domain/served.ts';
import { one, run, type Transaction } from '../../sql/transaction.ts';
import { settleThread } from '../threads/settle-thread.ts';
import type { Row } from './run-row.ts';

/** Settled, or gone with a stateless run, unless another run was put on it. The run's row stays for those who wait. `at` is ISO. */
export function* leaveThread(row: Row, end: ThreadEnd, at: string): Transaction<void> {
  if (row.temporary === 0 || (yield* isShared(row))) {
    yield* settleThread(row.thread_id, end, at);
    return;
  }
  for (const table of ['checkpoints', 'writes', 'thread_events', 'thread_streams', 'threads'])
    yield* run(`DELETE FROM ${table} WHERE thread_id = $1`, [row.thread_id]);
}

function* isShared(row: Row): Transaction<boolean> {
  const other = yield* one('SELECT run_id FROM thread_runs WHERE thread_id = $1 AND run_id <> $2 LIMIT 1', [row.thread_id, row.run_id]);
  return other !== undefined;
}
