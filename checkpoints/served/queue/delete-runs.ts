/** Deletes runs with their events: one that somebody names, and those that nobody can ask for any more. */
import { type Scope, ServedError } from '../../../domain/served.ts';
import { many, run, type Transaction } from '../../sql/transaction.ts';
import { forgetReplaced } from '../take-back.ts';
import { forgetTold } from '../thread-events.ts';
import { leaveThread } from './leave-thread.ts';
import { rowInSight } from './run-sight.ts';

/** `at` is ISO. @throws ServedError `missing`; `conflict` while it runs. */
export function* deleteRun(scope: Scope, threadId: string, runId: string, at: string): Transaction<void> {
  const row = yield* rowInSight(scope, threadId, runId);
  if (row === undefined) throw new ServedError('missing', `run ${runId} not found`);
  if (row.status === 'running') throw new ServedError('conflict', `run ${runId} is running; cancel it first`);
  yield* eraseRun(runId);
  yield* forgetReplaced(runId);
  if (row.status === 'pending') yield* leaveThread(row, {}, at);
}

/** Those that ended before `before` (ISO) and whose thread is gone; how many they were. */
export function* pruneRuns(before: string, limit: number): Transaction<number> {
  const rows = yield* many<{ run_id: string }>(
    `SELECT run_id FROM thread_runs r WHERE r.status NOT IN ('pending', 'running') AND r.updated_at < $1
       AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.thread_id = r.thread_id) LIMIT $2`,
    [before, limit],
  );
  for (const { run_id } of rows) yield* eraseRun(run_id);
  return rows.length;
}

function* eraseRun(runId: string): Transaction<void> {
  yield* run('DELETE FROM run_events WHERE run_id = $1', [runId]);
  yield* run('DELETE FROM feedback WHERE run_id = $1', [runId]);
  yield* forgetTold(runId);
  yield* run('DELETE FROM thread_runs WHERE run_id = $1', [runId]);
}
