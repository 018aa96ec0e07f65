/** Takes back what a run wrote. Questions and answers of a task replace each other in their row: the replaced ones are kept until the run ends. */
import type { Database } from '../database.ts';

const COLUMNS = 'thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value';

/** Where a write stands: thread, namespace, checkpoint, task, index. */
type Place = readonly [threadId: string, namespace: string, checkpointId: string | undefined, taskId: string, index: number];

/** To be called before a write of a run is replaced, in the same transaction. What the run itself wrote is not kept. */
export function keepReplaced(database: Database, place: Place): void {
  database
    .prepare(
      `INSERT OR IGNORE INTO replaced_writes (run_id, ${COLUMNS})
       SELECT r.run_id, w.thread_id, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.idx, w.channel, w.type, CAST(w.value AS BLOB)
       FROM writes w JOIN thread_runs r ON r.thread_id = w.thread_id AND r.status IN ('pending', 'running') AND r.status = 'running'
       WHERE w.thread_id = ? AND w.checkpoint_ns = ? AND w.checkpoint_id = ? AND w.task_id = ? AND w.idx = ? AND w.rowid <= r.mark_writes`,
    )
    .run(...place);
}

/** The run has ended, or is taken back. */
export function forgetReplaced(database: Database, runId: string): void {
  database.prepare('DELETE FROM replaced_writes WHERE run_id = ?').run(runId);
}

interface Begun {
  readonly run_id: string;
  readonly thread_id: string;
  readonly mark_checkpoints: number | null;
  readonly mark_writes: number | null;
}

/** Removes a run and what it wrote since it first began. */
export function takeBack(database: Database, run: Begun): void {
  database.prepare('DELETE FROM checkpoints WHERE thread_id = ? AND rowid > ?').run(run.thread_id, run.mark_checkpoints ?? 0);
  database.prepare('DELETE FROM writes WHERE thread_id = ? AND rowid > ?').run(run.thread_id, run.mark_writes ?? 0);
  database.prepare(`INSERT INTO writes (${COLUMNS}) SELECT ${COLUMNS} FROM replaced_writes WHERE run_id = ?`).run(run.run_id);
  forgetReplaced(database, run.run_id);
  database.prepare('DELETE FROM run_events WHERE run_id = ?').run(run.run_id);
  database.prepare('DELETE FROM thread_runs WHERE run_id = ?').run(run.run_id);
}
