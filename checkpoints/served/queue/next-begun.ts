/** Walks over the runs of a thread in the order in which they were put, as far as they have begun. */
import type { Begun } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { type Row, runOf } from './run-row.ts';

/** The oldest that was put after this place and no longer waits. */
export function* nextBegun(threadId: string, after: number): Transaction<Begun | undefined> {
  const row = yield* one<Row>("SELECT * FROM thread_runs WHERE thread_id = $1 AND seq > $2 AND status <> 'pending' ORDER BY seq LIMIT 1", [
    threadId,
    after,
  ]);
  return row === undefined ? undefined : { run: runOf(row), place: row.seq };
}

/** Behind every run that has ended; 0: none has. */
export function* lastEnded(threadId: string): Transaction<number> {
  const row = yield* one<{ place: number }>(
    "SELECT COALESCE(MAX(seq), 0) AS place FROM thread_runs WHERE thread_id = $1 AND status NOT IN ('pending', 'running')",
    [threadId],
  );
  return row?.place ?? 0;
}
