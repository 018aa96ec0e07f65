/** Takes the run that is next for this process: one whose lease died, else the oldest that is due and whose thread nobody runs. */
import type { LeaseOwner } from '../../../domain/ports.ts';
import type { RunLease, ServedRun } from '../../../domain/served.ts';
import { isAlive, LEASE_MS } from '../../owner.ts';
import { many, one, run, type Transaction } from '../../sql/transaction.ts';
import { failOrphan } from './fail-orphan.ts';
import { OPEN, type Row, runOf } from './run-row.ts';

interface Claimer {
  readonly self: LeaseOwner;
  /** Ms since 1970. */
  readonly nowMs: number;
  /** Runs that this process works on, however late its heartbeats are. */
  readonly held: ReadonlySet<string> | undefined;
}

interface Claimed {
  readonly run: ServedRun;
  readonly lease: RunLease;
}

/** `again`: the next one was failed, since its thread is gone. */
export function* claim(claimer: Claimer): Transaction<Claimed | 'again' | undefined> {
  const row = (yield* lostRun(claimer)) ?? (yield* dueRun(claimer.nowMs));
  if (row === undefined) return undefined;
  const epoch = yield* raiseEpoch(row.thread_id, claimer.nowMs);
  if (epoch === undefined) {
    yield* failOrphan(row, claimer.nowMs);
    return 'again';
  }
  yield* beginRun(row, epoch, claimer);
  const begun = runOf({ ...row, status: 'running', attempt: row.attempt + 1 });
  return { run: begun, lease: { runId: row.run_id, threadId: row.thread_id, epoch, again: row.mark_checkpoints !== null } };
}

/** Its lease died. */
function* lostRun({ self, nowMs, held }: Claimer): Transaction<Row | undefined> {
  const suspects = yield* many<Row>(
    `SELECT * FROM thread_runs WHERE ${OPEN} AND status = 'running'
       AND (lease_until <= $1 OR NOT (lease_pid = $2 AND lease_ticks = $3 AND lease_host = $4))`,
    [nowMs, self.pid, self.startTicks, self.host],
  );
  return suspects.find((row) => isDead(row, nowMs) && held?.has(row.run_id) !== true);
}

const isDead = (row: Row, nowMs: number): boolean =>
  (row.lease_until ?? 0) <= nowMs || !isAlive({ host: row.lease_host ?? '', pid: row.lease_pid ?? 0, startTicks: row.lease_ticks ?? 0 });

const dueRun = (nowMs: number): Transaction<Row | undefined> =>
  one<Row>(
    `SELECT r.* FROM thread_runs r WHERE r.${OPEN} AND r.status = 'pending' AND r.due_at <= $1
       AND NOT EXISTS (SELECT 1 FROM thread_runs o WHERE o.thread_id = r.thread_id AND o.${OPEN} AND o.status = 'running')
       AND NOT EXISTS (SELECT 1 FROM thread_runs p WHERE p.thread_id = r.thread_id AND p.${OPEN} AND p.status = 'pending' AND p.due_at <= $1 AND p.seq < r.seq)
     ORDER BY r.due_at, r.seq LIMIT 1`,
    [nowMs],
  );

/** Not a count: of a thread that was deleted and made again an old lease must not be the new one. Undefined without a thread. */
function* raiseEpoch(threadId: string, nowMs: number): Transaction<number | undefined> {
  const raised = yield* one<{ epoch: number }>(
    'UPDATE threads SET epoch = CASE WHEN epoch + 1 > $1 THEN epoch + 1 ELSE $1 END WHERE thread_id = $2 RETURNING epoch',
    [nowMs, threadId],
  );
  return raised?.epoch;
}

function* beginRun(row: Row, epoch: number, { self, nowMs }: Claimer): Transaction<void> {
  const { checkpoints, writes } = row.mark_checkpoints === null ? yield* marksOf(row.thread_id) : { checkpoints: null, writes: null };
  yield* run(
    `UPDATE thread_runs SET status = 'running', attempt = attempt + 1, epoch = $1, lease_host = $2, lease_pid = $3, lease_ticks = $4,
       lease_until = $5, updated_at = $6, mark_checkpoints = COALESCE(mark_checkpoints, $7), mark_writes = COALESCE(mark_writes, $8) WHERE run_id = $9`,
    [epoch, self.host, self.pid, self.startTicks, nowMs + LEASE_MS, new Date(nowMs).toISOString(), checkpoints, writes, row.run_id],
  );
}

/** The thread's own newest rows: the table's may go with another thread, and their numbers are then given again. */
function* marksOf(threadId: string): Transaction<{ checkpoints: number; writes: number }> {
  const newest = yield* one<{ checkpoints: number; writes: number }>(
    `SELECT (SELECT COALESCE(MAX(arrival), 0) FROM checkpoints_by_arrival WHERE thread_id = $1) AS checkpoints,
       (SELECT COALESCE(MAX(arrival), 0) FROM writes_by_arrival WHERE thread_id = $1) AS writes`,
    [threadId],
  );
  return newest ?? { checkpoints: 0, writes: 0 };
}
