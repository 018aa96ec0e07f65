/** Gives a run back to the queue, to be begun again by whoever comes next. */
import type { RunLease } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';

/** Nothing happens where the lease is not the current one. */
export function* giveBack(lease: RunLease): Transaction<void> {
  yield* run(
    `UPDATE thread_runs SET status = 'pending', lease_host = NULL, lease_pid = NULL, lease_ticks = NULL, lease_until = NULL,
       attempt = attempt - 1 WHERE run_id = $1 AND epoch = $2 AND status = 'running'`,
    [lease.runId, lease.epoch],
  );
}
