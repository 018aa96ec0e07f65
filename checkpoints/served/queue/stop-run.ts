/** Stops a run that waits or runs: at once where it never began, and its webhook hears of it; else it is told. */
import type { CancelAction } from '../../../domain/served.ts';
import { neverBegan } from '../../../domain/thread-events.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { tellEnd } from '../outbox.ts';
import { isTold, tellThread } from '../thread-events.ts';
import { leaveThread } from './leave-thread.ts';
import type { Row } from './run-row.ts';

/** `at` is ISO. Only a worker can say, or take back, what a run has written that was begun, also where it was given back. */
export function* stopRun(row: Row, action: CancelAction, at: string): Transaction<void> {
  if (row.status === 'running' || row.mark_checkpoints !== null) {
    yield* run('UPDATE thread_runs SET cancel = $1 WHERE run_id = $2', [action, row.run_id]);
    return;
  }
  if (action === 'rollback') yield* run('DELETE FROM thread_runs WHERE run_id = $1', [row.run_id]);
  else yield* run("UPDATE thread_runs SET status = 'interrupted', updated_at = $1 WHERE run_id = $2", [at, row.run_id]);
  yield* tellEnd(row, { status: 'interrupted' }, at);
  if (yield* isTold(row)) yield* tellThread(row, [neverBegan(Date.parse(at))], Number.MAX_SAFE_INTEGER);
  yield* leaveThread(row, {}, at);
}
