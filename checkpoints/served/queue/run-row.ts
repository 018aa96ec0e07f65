/** A run as it stands in its row. */
import type { CancelAction, Json, ServedRun, ServedStatus } from '../../../domain/served.ts';
import { many, one, type Transaction } from '../../sql/transaction.ts';

export interface Row {
  seq: number;
  run_id: string;
  thread_id: string;
  tenant: string;
  assistant_id: string;
  created_at: string;
  updated_at: string;
  status: ServedStatus;
  metadata: string;
  kwargs: string;
  caller: string;
  multitask: ServedRun['multitask'];
  temporary: number;
  due_at: number;
  attempt: number;
  epoch: number | null;
  lease_host: string | null;
  lease_pid: number | null;
  lease_ticks: number | null;
  lease_until: number | null;
  mark_checkpoints: number | null;
  mark_writes: number | null;
  cancel: CancelAction | null;
  output: string | null;
  error: string | null;
}

/** Beside any narrower rule: the index of open runs is used only where its own words stand in the statement. */
export const OPEN = "status IN ('pending', 'running')";

// The JSON columns were written by the files beside this one.
export const runOf = (row: Row): ServedRun => ({
  runId: row.run_id,
  threadId: row.thread_id,
  tenant: row.tenant,
  assistantId: row.assistant_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  status: row.status,
  metadata: JSON.parse(row.metadata) as Json, // as said above
  kwargs: JSON.parse(row.kwargs) as Json, // as said above
  caller: JSON.parse(row.caller) as Json, // as said above
  multitask: row.multitask,
  attempt: row.attempt,
  temporary: row.temporary === 1,
  output: row.output === null ? null : JSON.parse(row.output),
  error: row.error === null ? null : JSON.parse(row.error),
});

export const rowById = (runId: string): Transaction<Row | undefined> => one<Row>('SELECT * FROM thread_runs WHERE run_id = $1', [runId]);

/** Oldest first. */
export const openRowsOf = (threadId: string): Transaction<readonly Row[]> =>
  many<Row>(`SELECT * FROM thread_runs WHERE thread_id = $1 AND ${OPEN} ORDER BY seq`, [threadId]);
