/** Deletes threads with all that they have, their crons too, but not what a webhook still has to tell. */
import type { Scope } from '../../../domain/served.ts';
import { many, run, type Transaction } from '../../sql/transaction.ts';
import { needUngoverned } from './thread-row.ts';

const TABLES = ['thread_runs', 'checkpoints', 'writes', 'replaced_writes', 'thread_events', 'thread_streams', 'crons', 'threads'];

function* eraseThread(threadId: string): Transaction<void> {
  yield* run('DELETE FROM run_events WHERE run_id IN (SELECT run_id FROM thread_runs WHERE thread_id = $1)', [threadId]);
  yield* run('DELETE FROM feedback WHERE run_id IN (SELECT run_id FROM thread_runs WHERE thread_id = $1)', [threadId]);
  for (const table of TABLES) yield* run(`DELETE FROM ${table} WHERE thread_id = $1`, [threadId]);
}

/** @throws ServedError `missing`; `conflict` for a governed one. */
export function* deleteThread(scope: Scope, threadId: string): Transaction<void> {
  yield* needUngoverned(scope, threadId);
  yield* eraseThread(threadId);
}

/** Those that have outlived their time to live at `at` (ISO) and are not busy; how many they were. */
export function* expireThreads(at: string, limit: number): Transaction<number> {
  const due = yield* many<{ thread_id: string }>(
    `SELECT thread_id FROM threads t WHERE expires_at IS NOT NULL AND expires_at <= $1 AND status <> 'busy'
       AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread_id = t.thread_id) LIMIT $2`,
    [at, limit],
  );
  for (const { thread_id } of due) yield* eraseThread(thread_id);
  return due.length;
}
