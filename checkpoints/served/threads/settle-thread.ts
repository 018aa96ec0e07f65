/** Sets what a run or an edit left of a thread. */
import type { ThreadEnd } from '../../../domain/served.ts';
import { one, run, type Transaction } from '../../sql/transaction.ts';
import type { Row } from './thread-row.ts';
import { expiresAt } from './time-to-live.ts';

type Left = Pick<Row, 'values' | 'interrupts' | 'error' | 'ttl_minutes'>;

/**
 * The status is busy while a run is open, else what the end says; an end that says nothing (a run that was taken back, or never began)
 * leaves the thread as it rested before. `at` is ISO. A thread that is gone stays so.
 */
export function* settleThread(threadId: string, end: ThreadEnd, at: string): Transaction<void> {
  const row = yield* one<Left>('SELECT "values", interrupts, error, ttl_minutes FROM threads WHERE thread_id = $1', [threadId]);
  if (row === undefined) return;
  const interrupts = end.interrupts === undefined ? row.interrupts : JSON.stringify(end.interrupts);
  const unchanged = [end.values, end.interrupts, end.error, end.paused].every((said) => said === undefined);
  const error = end.error === undefined ? null : JSON.stringify(end.error);
  const rest = unchanged ? null : error !== null ? 'error' : end.paused === true || interrupts !== '{}' ? 'interrupted' : 'idle';
  yield* run(
    `UPDATE threads SET "values" = $1, interrupts = $2, error = $3, updated_at = $4, state_updated_at = COALESCE($5, state_updated_at),
       rest = COALESCE($6, rest), expires_at = $7,
       status = CASE WHEN EXISTS (SELECT 1 FROM thread_runs r WHERE r.thread_id = $8 AND r.status IN ('pending', 'running'))
         THEN 'busy' ELSE COALESCE($6, rest) END
     WHERE thread_id = $8`,
    [
      end.values === undefined ? row.values : JSON.stringify(end.values),
      interrupts,
      unchanged ? row.error : error,
      at,
      unchanged ? null : at,
      rest,
      expiresAt(at, row.ttl_minutes),
      threadId,
    ],
  );
}
