/** Takes back what a run wrote. Questions and answers of a task replace each other in their row: the replaced ones are kept until the run ends. */
import type { SqlValue } from '../sql/statement.ts';
import { one, run, type Transaction } from '../sql/transaction.ts';
import { forgetTold } from './thread-events.ts';

const COLUMNS = 'thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value';

/** Where a write stands. */
export interface WritePlace {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  readonly taskId: string;
  readonly index: number;
}

interface Replaced {
  readonly run_id: string;
  readonly channel: string;
  readonly type: string | null;
  readonly value: string | Uint8Array | null;
}

/** To be called before a write of a run is replaced, in the same transaction. What the run itself wrote is not kept. */
export function* keepReplaced({ threadId, namespace, checkpointId, taskId, index }: WritePlace): Transaction<void> {
  const place: readonly SqlValue[] = [threadId, namespace, checkpointId, taskId, index];
  const found = yield* one<Replaced>(
    `SELECT r.run_id, w.channel, w.type, w.value
     FROM writes_by_arrival w JOIN thread_runs r ON r.thread_id = w.thread_id AND r.status IN ('pending', 'running') AND r.status = 'running'
     WHERE w.thread_id = $1 AND w.checkpoint_ns = $2 AND w.checkpoint_id = $3 AND w.task_id = $4 AND w.idx = $5 AND w.arrival <= r.mark_writes`,
    place,
  );
  if (found === undefined) return;
  yield* run(
    `INSERT INTO replaced_writes (run_id, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (run_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING`,
    // The saver's column holds text too.
    [found.run_id, ...place, found.channel, found.type, typeof found.value === 'string' ? Buffer.from(found.value) : found.value],
  );
}

/** The run has ended, or is taken back. */
export function* forgetReplaced(runId: string): Transaction<void> {
  yield* run('DELETE FROM replaced_writes WHERE run_id = $1', [runId]);
}

interface Begun {
  readonly run_id: string;
  readonly thread_id: string;
  readonly mark_checkpoints: number | null;
  readonly mark_writes: number | null;
}

/** Removes a run and what it wrote since it first began. */
export function* takeBack({ run_id: runId, thread_id: threadId, ...marks }: Begun): Transaction<void> {
  yield* run(
    `DELETE FROM checkpoints WHERE thread_id = $1 AND (checkpoint_ns, checkpoint_id) IN
       (SELECT checkpoint_ns, checkpoint_id FROM checkpoints_by_arrival WHERE thread_id = $1 AND arrival > $2)`,
    [threadId, marks.mark_checkpoints ?? 0],
  );
  yield* run(
    `DELETE FROM writes WHERE thread_id = $1 AND (checkpoint_ns, checkpoint_id, task_id, idx) IN
       (SELECT checkpoint_ns, checkpoint_id, task_id, idx FROM writes_by_arrival WHERE thread_id = $1 AND arrival > $2)`,
    [threadId, marks.mark_writes ?? 0],
  );
  yield* run(`INSERT INTO writes (${COLUMNS}) SELECT ${COLUMNS} FROM replaced_writes WHERE run_id = $1`, [runId]);
  yield* forgetReplaced(runId);
  yield* forgetTold(runId);
  for (const table of ['run_events', 'feedback', 'thread_runs']) yield* run(`DELETE FROM ${table} WHERE run_id = $1`, [runId]);
}
