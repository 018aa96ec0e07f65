/** The durable run rows with their leases: one holder a thread, an epoch that fences the ones before. */
import { FencedError, UsageError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/ids.ts';
import type { Clock, Fence, RunInput, RunRow, Runs } from '../domain/ports.ts';
import type { RunStatus, Stage, StopReason } from '../domain/run.ts';
import { assertFence, type Database } from './database.ts';
import { isAlive, LEASE_MS, thisProcess } from './owner.ts';

interface Row {
  thread_id: string;
  input: string;
  status: RunStatus;
  stage: Stage;
  attempt: number;
  reason: string | null;
  interrupt_id: string | null;
  epoch: number;
  lease_host: string | null;
  lease_pid: number | null;
  lease_ticks: number | null;
  lease_until: number | null;
  cancel_requested: number;
  machine_ms: number;
  created_at: string;
  updated_at: string;
}

export function createRuns(database: Database, clock: Clock): Runs {
  const self = thisProcess();
  const stamp = (): string => new Date(clock.now()).toISOString();
  const select = database.prepare('SELECT * FROM runs WHERE thread_id = ?');
  const rowOf = (row: Row): RunRow => {
    const lease =
      row.lease_pid === null || row.lease_host === null
        ? null
        : { host: row.lease_host, pid: row.lease_pid, startTicks: row.lease_ticks ?? 0 };
    return {
      threadId: row.thread_id,
      input: JSON.parse(row.input) as RunInput, // written by `create`
      status: row.status,
      stage: row.stage,
      attempt: row.attempt,
      reason: row.reason === null ? null : (JSON.parse(row.reason) as StopReason), // written by `update`
      interruptId: row.interrupt_id,
      epoch: row.epoch,
      lease,
      live: lease !== null && (row.lease_until ?? 0) > clock.now() && isAlive(lease),
      cancelRequested: row.cancel_requested === 1,
      machineMs: row.machine_ms,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  };
  const get = (threadId: string): RunRow | undefined => {
    const row = select.get(threadId) as Row | undefined; // the table's columns
    return row === undefined ? undefined : rowOf(row);
  };
  const all = (): RunRow[] => (database.prepare('SELECT * FROM runs ORDER BY rowid DESC').all() as Row[]).map(rowOf); // the table's columns
  return {
    create: async (threadId, input) => {
      const at = stamp();
      // Another process may create the same thread at this moment.
      database
        .prepare(
          `INSERT OR IGNORE INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at)
           VALUES (?, ?, 'running', 'baseline', 0, 0, 0, 0, ?, ?)`,
        )
        .run(threadId, canonicalJson(input), at, at);
      const row = get(threadId) ?? never(threadId);
      if (canonicalJson(row.input) === canonicalJson(input)) return row;
      throw new UsageError(`thread ${threadId}: takes one goal; it already has another input`);
    },
    get: async (threadId) => get(threadId),
    list: async () => all(),
    resolve: async (word) => {
      const rows = all();
      const matches =
        word === 'last'
          ? rows.slice(0, 1)
          : rows.filter((row) => row.threadId === word || (word.length >= 4 && row.threadId.startsWith(word)));
      const [only, ...more] = matches;
      if (only === undefined)
        throw new UsageError(
          `thread ${JSON.stringify(word)}: no thread of this home has this id or begins with it (4 characters at least)`,
        );
      if (more.length > 0)
        throw new UsageError(`thread ${JSON.stringify(word)}: ${matches.length} threads begin with it; give more characters`);
      return only;
    },
    acquire: async (threadId) => {
      const take = database.transaction((): Fence => {
        const row = get(threadId);
        if (row === undefined) throw new UsageError(`thread ${threadId}: is not in this home`);
        if (row.live && row.lease !== null)
          throw new UsageError(
            `thread ${threadId}: process ${row.lease.pid} on ${row.lease.host} is running it; watch it, or cancel it first`,
            'THREAD_BUSY',
          );
        const epoch = row.epoch + 1;
        database
          .prepare(
            'UPDATE runs SET epoch = ?, lease_host = ?, lease_pid = ?, lease_ticks = ?, lease_until = ?, updated_at = ? WHERE thread_id = ?',
          )
          .run(epoch, self.host, self.pid, self.startTicks, clock.now() + LEASE_MS, stamp(), threadId);
        return { threadId, epoch };
      });
      return take.immediate();
    },
    heartbeat: async (fence, machineMs) => {
      const beat = database
        .prepare(
          'UPDATE runs SET lease_until = ?, machine_ms = machine_ms + ? WHERE thread_id = ? AND epoch = ? RETURNING cancel_requested',
        )
        .get(clock.now() + LEASE_MS, Math.max(0, Math.round(machineMs)), fence.threadId, fence.epoch) as
        | { cancel_requested: number }
        | undefined; // RETURNING
      if (beat === undefined) return 'lost';
      return beat.cancel_requested === 1 ? 'cancelled' : 'held';
    },
    release: async (fence) => {
      const done = database
        .prepare(
          'UPDATE runs SET lease_host = NULL, lease_pid = NULL, lease_ticks = NULL, lease_until = NULL WHERE thread_id = ? AND epoch = ?',
        )
        .run(fence.threadId, fence.epoch);
      if (done.changes === 0) throw new FencedError(fence.threadId, fence.epoch);
    },
    update: async (fence, patch) => {
      const write = database.transaction(() => {
        assertFence(database, fence);
        const row = get(fence.threadId) ?? never(fence.threadId);
        database
          .prepare('UPDATE runs SET status = ?, stage = ?, attempt = ?, reason = ?, interrupt_id = ?, updated_at = ? WHERE thread_id = ?')
          .run(
            patch.status ?? row.status,
            patch.stage ?? row.stage,
            patch.attempt ?? row.attempt,
            JSON.stringify(patch.reason === undefined ? row.reason : patch.reason),
            patch.interruptId === undefined ? row.interruptId : patch.interruptId,
            stamp(),
            fence.threadId,
          );
      });
      write.immediate();
    },
    requestCancel: async (threadId, requested) => {
      database.prepare('UPDATE runs SET cancel_requested = ? WHERE thread_id = ?').run(requested ? 1 : 0, threadId);
    },
    markCancelled: async (threadId, reason) => {
      const write = database.transaction(() => {
        const row = get(threadId);
        if (row === undefined) throw new UsageError(`thread ${threadId}: is not in this home`);
        if (row.live) throw new UsageError(`thread ${threadId}: a process is running it`, 'THREAD_BUSY');
        database
          .prepare(
            "UPDATE runs SET status = 'cancelled', reason = ?, epoch = epoch + 1, interrupt_id = NULL, updated_at = ? WHERE thread_id = ?",
          )
          .run(JSON.stringify(reason), stamp(), threadId);
      });
      write.immediate();
    },
  };
}

function never(threadId: string): never {
  throw new Error(`thread ${threadId}: its row vanished`);
}
