/** Keeps a lease while its run goes on, and tells what the run was asked to do meanwhile. */
import type { CancelAction, RunLease } from '../../../domain/served.ts';
import { LEASE_MS } from '../../owner.ts';
import { one, type Transaction } from '../../sql/transaction.ts';

/** `nowMs` is ms since 1970. */
export function* heartbeat(lease: RunLease, nowMs: number): Transaction<'held' | 'lost' | CancelAction> {
  const row = yield* one<{ cancel: CancelAction | null }>(
    "UPDATE thread_runs SET lease_until = $1 WHERE run_id = $2 AND epoch = $3 AND status = 'running' RETURNING cancel",
    [nowMs + LEASE_MS, lease.runId, lease.epoch],
  );
  return row === undefined ? 'lost' : (row.cancel ?? 'held');
}
