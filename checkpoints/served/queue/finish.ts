/** Ends a run in one transaction: its row, its last events, its thread's state, its webhook. */
import type { RunEnd, RunLease } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { putWebhook } from '../outbox.ts';
import { forgetReplaced, takeBack } from '../take-back.ts';
import { tellThread } from '../thread-events.ts';
import { holds } from './holds.ts';
import { leaveThread } from './leave-thread.ts';
import { type Row, rowById } from './run-row.ts';

/** False when fenced. `nowMs` is ms since 1970. */
export function* finish(lease: RunLease, end: RunEnd, nowMs: number): Transaction<boolean> {
  if (!(yield* holds(lease))) return false;
  const row = yield* rowById(lease.runId);
  if (row === undefined) return false;
  const at = new Date(nowMs).toISOString();
  if (end.rollback === true) yield* takeBack(row);
  else yield* writeEnd(row, end, at);
  if (end.told !== undefined) yield* tellThread(row, end.told.events, end.told.mostCharacters);
  yield* leaveThread(row, end.rollback === true || end.untouched === true ? {} : end, at);
  if (end.webhook !== undefined)
    yield* putWebhook({ runId: row.run_id, tenant: row.tenant, url: end.webhook.url, body: end.webhook.body, at: nowMs });
  return true;
}

function* writeEnd(row: Row, end: RunEnd, at: string): Transaction<void> {
  yield* forgetReplaced(row.run_id);
  yield* run(
    `UPDATE thread_runs SET status = $1, output = $2, error = $3, updated_at = $4, lease_host = NULL, lease_pid = NULL,
       lease_ticks = NULL, lease_until = NULL WHERE run_id = $5`,
    [end.status, JSON.stringify(end.output ?? null), end.error === undefined ? null : JSON.stringify(end.error), at, row.run_id],
  );
}
