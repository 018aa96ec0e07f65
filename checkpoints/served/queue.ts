/** The durable run queue: one runner a thread, leases with an epoch, ends that are written in one transaction. */
import { canonicalJson } from '../../domain/ids.ts';
import type { Clock } from '../../domain/ports.ts';
import {
  type CancelAction,
  type Json,
  type NewRun,
  type Queue,
  type RunLease,
  type Scope,
  SERVED_STATUSES,
  ServedError,
  type ServedRun,
  type ServedStatus,
  type ThreadEnd,
} from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { isAlive, LEASE_MS, thisProcess } from '../owner.ts';
import { contains, isOfGraphs, matchesFilters } from './filters.ts';
import { putWebhook } from './outbox.ts';
import { fitting } from './page-limit.ts';
import { forgetReplaced, takeBack } from './take-back.ts';
import { missingThread, settleThread } from './threads.ts';

interface Row {
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

const rowOf = (row: Row): ServedRun => ({
  runId: row.run_id,
  threadId: row.thread_id,
  tenant: row.tenant,
  assistantId: row.assistant_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  status: row.status,
  metadata: JSON.parse(row.metadata) as Json, // written by `put`
  kwargs: JSON.parse(row.kwargs) as Json, // written by `put`
  caller: JSON.parse(row.caller) as Json, // written by `put`
  multitask: row.multitask,
  attempt: row.attempt,
  temporary: row.temporary === 1,
  output: row.output === null ? null : JSON.parse(row.output),
  error: row.error === null ? null : JSON.parse(row.error),
});

/** Beside any narrower rule: the index of open runs is used only where its own words stand in the statement. */
const OPEN = "status IN ('pending', 'running')";

/** What is acknowledged (`put`) and what ends a run is on the disk when it returns; claims and heartbeats go by `quick`. */
/** Runs of one thread that wait or run, at most: they go one after the other, and each look at the queue passes them all. */
export const OPEN_RUNS = 1000;

export function createQueue(database: Database, quick: Database, clock: Clock): Queue {
  const self = thisProcess();
  const stamp = (): string => new Date(clock.now()).toISOString();
  const byId = database.prepare('SELECT * FROM thread_runs WHERE run_id = ?');
  const rowById = (runId: string): Row | undefined => byId.get(runId) as Row | undefined; // the table's columns
  const openOf = database.prepare(`SELECT * FROM thread_runs WHERE thread_id = ? AND ${OPEN} ORDER BY seq`);
  const threadOf = database.prepare('SELECT tenant, metadata, config FROM threads WHERE thread_id = ?');
  const thread = (threadId: string) => threadOf.get(threadId) as { tenant: string; metadata: string; config: string } | undefined; // the selected columns
  const seen = (scope: Scope, threadId: string): boolean => {
    const row = thread(threadId);
    if (row === undefined || row.tenant !== scope.tenant) return false;
    const metadata = JSON.parse(row.metadata) as Json; // written by threads
    return matchesFilters(metadata, scope.filters) && isOfGraphs(metadata, scope);
  };
  const graphOf = database.prepare('SELECT graph_id FROM assistants WHERE assistant_id = ?');
  /** A stateless run's thread may be gone: its tenant and its graph are its own. */
  const visible = (scope: Scope, row: Row): boolean => {
    if (row.tenant !== scope.tenant) return false;
    if (thread(row.thread_id) !== undefined) return seen(scope, row.thread_id);
    return (
      scope.filters === undefined &&
      (scope.graphs === undefined || isOfGraphs((graphOf.get(row.assistant_id) ?? { graph_id: '' }) as { graph_id: string }, scope)) // the selected column
    );
  };

  const insert = database.prepare(
    `INSERT INTO thread_runs (run_id, thread_id, tenant, assistant_id, created_at, updated_at, status, metadata, kwargs, caller, multitask, temporary, due_at)
     VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)`,
  );
  const putOne = (scope: Scope, run: NewRun, at: string): ServedRun => {
    const known = thread(run.threadId);
    if (known === undefined) {
      if (run.ifNotExists === 'reject') throw missingThread(run.threadId);
      database
        .prepare(
          `INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts) VALUES (?, ?, ?, ?, ?, ?, 'busy', '{}')`,
        )
        .run(run.threadId, scope.tenant, at, at, canonicalJson(run.threadMetadata), canonicalJson(run.threadConfig));
    } else if (!seen(scope, run.threadId)) throw missingThread(run.threadId);
    const open = openOf.all(run.threadId) as Row[]; // the table's columns
    if (open.length > 0 && run.multitask === 'reject')
      throw new ServedError(
        'conflict',
        `thread ${run.threadId} is already running a task (run ${open[0]?.run_id}); wait for it, or choose another multitask_strategy than reject`,
      );
    if (open.length >= OPEN_RUNS)
      throw new ServedError('conflict', `thread ${run.threadId}: ${open.length} runs wait or run on it (at most ${OPEN_RUNS})`);
    insert.run(
      run.runId,
      run.threadId,
      scope.tenant,
      run.assistantId,
      at,
      at,
      canonicalJson(run.metadata),
      // Not canonical: the order of an input's members may matter to a graph.
      JSON.stringify(run.kwargs),
      JSON.stringify(run.caller),
      run.multitask,
      run.temporary ? 1 : 0,
      clock.now() + run.afterMs,
    );
    // After it is put: the thread of a stateless run would go with that one's end.
    if (run.multitask === 'interrupt' || run.multitask === 'rollback') for (const one of open) stop(one, run.multitask, at);
    if (known !== undefined)
      database.prepare("UPDATE threads SET status = 'busy', updated_at = ?, metadata = ?, config = ? WHERE thread_id = ?").run(
        at,
        canonicalJson({ ...(JSON.parse(known.metadata) as Json), ...pickGraph(run.threadMetadata) }), // written by threads
        canonicalJson({ ...(JSON.parse(known.config) as Json), ...run.threadConfig }), // written by threads
        run.threadId,
      );
    const row = rowById(run.runId);
    if (row === undefined) throw new Error(`run ${run.runId} vanished`);
    return rowOf(row);
  };

  /** Never begun: ended here. Begun: told, since only a worker can say, or take back, what a run that was given back has written. */
  const stop = (row: Row, action: CancelAction, at: string): void => {
    if (row.status === 'running' || row.mark_checkpoints !== null) {
      database.prepare('UPDATE thread_runs SET cancel = ? WHERE run_id = ?').run(action, row.run_id);
    } else {
      if (action === 'rollback') database.prepare('DELETE FROM thread_runs WHERE run_id = ?').run(row.run_id);
      else database.prepare("UPDATE thread_runs SET status = 'interrupted', updated_at = ? WHERE run_id = ?").run(at, row.run_id);
      leave(database, row, {}, at);
    }
  };

  const dead = quick.prepare(
    `SELECT * FROM thread_runs WHERE ${OPEN} AND status = 'running' AND (lease_until <= ? OR NOT (lease_pid = ? AND lease_ticks = ? AND lease_host = ?))`,
  );
  const due = quick.prepare(
    `SELECT r.* FROM thread_runs r WHERE r.${OPEN} AND r.status = 'pending' AND r.due_at <= ?
       AND NOT EXISTS (SELECT 1 FROM thread_runs o WHERE o.thread_id = r.thread_id AND o.${OPEN} AND o.status = 'running')
       AND NOT EXISTS (SELECT 1 FROM thread_runs p WHERE p.thread_id = r.thread_id AND p.${OPEN} AND p.status = 'pending' AND p.due_at <= ? AND p.seq < r.seq)
     ORDER BY r.due_at, r.seq LIMIT 1`,
  );
  const isDead = (row: Row): boolean =>
    (row.lease_until ?? 0) <= clock.now() ||
    !isAlive({ host: row.lease_host ?? '', pid: row.lease_pid ?? 0, startTicks: row.lease_ticks ?? 0 });
  // Not a count: of a thread that was deleted and made again an old lease must not be the new one.
  const raise = quick.prepare('UPDATE threads SET epoch = MAX(epoch + 1, ?) WHERE thread_id = ? RETURNING epoch');
  const orphan = quick.prepare(
    `UPDATE thread_runs SET status = 'error', error = ?, output = ?, updated_at = ?, lease_host = NULL, lease_pid = NULL, lease_ticks = NULL,
       lease_until = NULL WHERE run_id = ?`,
  );
  // The thread's own newest rows: the table's may go with another thread, and their ids are then given again.
  const marks = quick.prepare(
    `SELECT (SELECT COALESCE(MAX(rowid), 0) FROM checkpoints WHERE thread_id = ?) AS checkpoints,
       (SELECT COALESCE(MAX(rowid), 0) FROM writes WHERE thread_id = ?) AS writes`,
  );

  return {
    put: async (scope, runs) => {
      const at = stamp();
      return database.transaction(() => runs.map((run) => putOne(scope, run, at))).immediate();
    },
    get: async (scope, threadId, runId) => {
      const row = rowById(runId);
      if (row === undefined || (threadId !== undefined && row.thread_id !== threadId) || !visible(scope, row)) return undefined;
      return rowOf(row);
    },
    list: async (scope, threadId, options) => {
      if (!seen(scope, threadId)) throw missingThread(threadId);
      const wanted = function* (): Generator<Row> {
        let skip = options.offset;
        let found = 0;
        for (const row of database
          .prepare('SELECT * FROM thread_runs WHERE thread_id = ? ORDER BY seq DESC')
          .iterate(threadId) as Iterable<Row>) {
          // the table's columns
          if (options.status !== undefined && row.status !== options.status) continue;
          if (options.metadata !== undefined && !contains(JSON.parse(row.metadata), options.metadata)) continue;
          if (skip > 0) {
            skip -= 1;
            continue;
          }
          yield row;
          found += 1;
          if (found >= options.limit) return;
        }
      };
      return fitting(wanted()).map(rowOf);
    },
    claim: async (held) => {
      const take = quick.transaction(() => {
        const now = clock.now();
        const expired = dead.all(now, self.pid, self.startTicks, self.host) as Row[]; // the table's columns
        const lost = expired.find((row) => isDead(row) && held?.has(row.run_id) !== true);
        const row = lost ?? (due.get(now, now) as Row | undefined); // the table's columns
        if (row === undefined) return undefined;
        const told = raise.get(now, row.thread_id) as { epoch: number } | undefined; // RETURNING
        if (told === undefined) {
          // Nobody can run it, and all others would wait behind it.
          const error = JSON.stringify({ error: 'ThreadMissing', message: `thread ${row.thread_id} of run ${row.run_id} is gone` });
          orphan.run(error, JSON.stringify({ __error__: JSON.parse(error) }), stamp(), row.run_id);
          return 'again';
        }
        const { epoch } = told;
        const mark =
          row.mark_checkpoints === null ? (marks.get(row.thread_id, row.thread_id) as { checkpoints: number; writes: number }) : undefined; // the selected columns
        quick
          .prepare(
            `UPDATE thread_runs SET status = 'running', attempt = attempt + 1, epoch = ?, lease_host = ?, lease_pid = ?, lease_ticks = ?,
               lease_until = ?, updated_at = ?, mark_checkpoints = COALESCE(mark_checkpoints, ?), mark_writes = COALESCE(mark_writes, ?) WHERE run_id = ?`,
          )
          .run(
            epoch,
            self.host,
            self.pid,
            self.startTicks,
            now + LEASE_MS,
            stamp(),
            mark?.checkpoints ?? null,
            mark?.writes ?? null,
            row.run_id,
          );
        const run = rowOf({ ...row, status: 'running', attempt: row.attempt + 1 });
        return { run, lease: { runId: row.run_id, threadId: row.thread_id, epoch, again: row.mark_checkpoints !== null } };
      });
      for (;;) {
        const taken = take.immediate();
        if (taken !== 'again') return taken;
      }
    },
    nextDueMs: async () => {
      const row = database
        .prepare(
          `SELECT min(at) AS at FROM (SELECT min(due_at) AS at FROM thread_runs WHERE ${OPEN} AND status = 'pending'
             UNION ALL SELECT min(lease_until) FROM thread_runs WHERE ${OPEN} AND status = 'running')`,
        )
        .get() as { at: number | null }; // min
      return row.at === null ? undefined : Math.max(0, row.at - clock.now());
    },
    heartbeat: async (lease) => {
      const row = quick
        .prepare("UPDATE thread_runs SET lease_until = ? WHERE run_id = ? AND epoch = ? AND status = 'running' RETURNING cancel")
        .get(clock.now() + LEASE_MS, lease.runId, lease.epoch) as { cancel: CancelAction | null } | undefined; // RETURNING
      return row === undefined ? 'lost' : (row.cancel ?? 'held');
    },
    finish: async (lease, end) => {
      const at = stamp();
      const write = database.transaction(() => {
        if (!holds(database, lease)) return false;
        const row = rowById(lease.runId);
        if (row === undefined) return false;
        if (end.rollback === true) {
          takeBack(database, row);
        } else {
          forgetReplaced(database, row.run_id);
          database
            .prepare(
              `UPDATE thread_runs SET status = ?, output = ?, error = ?, updated_at = ?, lease_host = NULL, lease_pid = NULL,
                 lease_ticks = NULL, lease_until = NULL WHERE run_id = ?`,
            )
            .run(
              end.status,
              JSON.stringify(end.output ?? null),
              end.error === undefined ? null : JSON.stringify(end.error),
              at,
              row.run_id,
            );
        }
        leave(database, row, end.rollback === true ? {} : end, at);
        if (end.webhook !== undefined)
          putWebhook(database, { runId: row.run_id, tenant: row.tenant, url: end.webhook.url, body: end.webhook.body, at: clock.now() });
        return true;
      });
      return write.immediate();
    },
    giveBack: async (lease) => {
      quick
        .prepare(
          `UPDATE thread_runs SET status = 'pending', lease_host = NULL, lease_pid = NULL, lease_ticks = NULL, lease_until = NULL,
             attempt = attempt - 1 WHERE run_id = ? AND epoch = ? AND status = 'running'`,
        )
        .run(lease.runId, lease.epoch);
    },
    cancel: async (scope, which, action) => {
      const at = stamp();
      const statuses = which.status === undefined || which.status === 'all' ? ['pending', 'running'] : [which.status];
      const write = database.transaction(() => {
        const rows =
          which.runIds === undefined
            ? which.threadId === undefined
              ? (database.prepare(`SELECT * FROM thread_runs WHERE tenant = ? AND ${OPEN} ORDER BY seq`).all(scope.tenant) as Row[]) // the table's columns
              : (openOf.all(which.threadId) as Row[]) // the table's columns
            : which.runIds.map(rowById).filter((row): row is Row => row !== undefined);
        const stopped = rows.filter(
          (row) =>
            statuses.includes(row.status) && visible(scope, row) && (which.threadId === undefined || row.thread_id === which.threadId),
        );
        for (const row of stopped) stop(row, action, at);
        return stopped.map((row) => row.run_id);
      });
      return write.immediate();
    },
    delete: async (scope, threadId, runId) => {
      const write = database.transaction(() => {
        const row = rowById(runId);
        if (row === undefined || row.thread_id !== threadId || !visible(scope, row)) throw missingRun(runId);
        if (row.status === 'running') throw new ServedError('conflict', `run ${runId} is running; cancel it first`);
        database.prepare('DELETE FROM run_events WHERE run_id = ?').run(runId);
        database.prepare('DELETE FROM thread_runs WHERE run_id = ?').run(runId);
        forgetReplaced(database, runId);
        if (row.status === 'pending') leave(database, row, {}, stamp());
      });
      write.immediate();
    },
    counts: async () => {
      const rows = database.prepare('SELECT status, count(*) AS count FROM thread_runs GROUP BY status').all() as {
        status: ServedStatus;
        count: number;
      }[]; // count
      const zero = Object.fromEntries(SERVED_STATUSES.map((status) => [status, 0])) as Record<ServedStatus, number>; // every status
      return Object.assign(zero, Object.fromEntries(rows.map((row) => [row.status, row.count])));
    },
    prune: async (before, limit) => {
      const write = database.transaction(() => {
        const rows = database
          .prepare(
            `SELECT run_id FROM thread_runs r WHERE r.status NOT IN ('pending', 'running') AND r.updated_at < ?
               AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.thread_id = r.thread_id) LIMIT ?`,
          )
          .all(before, limit) as { run_id: string }[]; // the selected column
        for (const { run_id } of rows) {
          database.prepare('DELETE FROM run_events WHERE run_id = ?').run(run_id);
          database.prepare('DELETE FROM thread_runs WHERE run_id = ?').run(run_id);
        }
        return rows.length;
      });
      return write.immediate();
    },
  };
}

/** A thread that is there keeps its own metadata; only which graph it is on may change. */
const pickGraph = (metadata: Json): Json => ({ graph_id: metadata['graph_id'], assistant_id: metadata['assistant_id'] });

export const missingRun = (runId: string): ServedError => new ServedError('missing', `run ${runId} not found`);

/** True while this lease is the thread's current one. Inside the transaction of the write it guards. */
export function holds(database: Database, lease: Pick<RunLease, 'threadId' | 'epoch'>): boolean {
  const row = database.prepare('SELECT epoch FROM threads WHERE thread_id = ?').get(lease.threadId) as { epoch: number } | undefined; // the selected column
  return row?.epoch === lease.epoch;
}

/**
 * The thread after a run's end: settled, or gone with a stateless run, unless another run was put on it. The run's row stays for those
 * who wait.
 */
function leave(database: Database, row: Row, end: ThreadEnd, at: string): void {
  const shared = 'SELECT 1 FROM thread_runs WHERE thread_id = ? AND run_id <> ? LIMIT 1';
  if (row.temporary === 0 || database.prepare(shared).get(row.thread_id, row.run_id) !== undefined) {
    settleThread(database, row.thread_id, end, at);
    return;
  }
  for (const table of ['checkpoints', 'writes', 'threads']) database.prepare(`DELETE FROM ${table} WHERE thread_id = ?`).run(row.thread_id);
}
