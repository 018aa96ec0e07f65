/** Ends a run whose thread is gone: nobody can run it, and all others would wait behind it. */
import { run, type Transaction } from '../../sql/transaction.ts';
import { tellEnd } from '../outbox.ts';
import type { Row } from './run-row.ts';

/** `nowMs` is ms since 1970. */
export function* failOrphan(row: Row, nowMs: number): Transaction<void> {
  const at = new Date(nowMs).toISOString();
  const error = { error: 'ThreadMissing', message: `thread ${row.thread_id} of run ${row.run_id} is gone` };
  yield* run(
    `UPDATE thread_runs SET status = 'error', error = $1, output = $2, updated_at = $3, lease_host = NULL, lease_pid = NULL, lease_ticks = NULL,
       lease_until = NULL WHERE run_id = $4`,
    [JSON.stringify(error), JSON.stringify({ __error__: error }), at, row.run_id],
  );
  yield* tellEnd(row, { status: 'error', error: error.message }, at);
}
