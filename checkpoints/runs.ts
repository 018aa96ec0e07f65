/** The durable run rows with their leases: one holder a thread, an epoch that fences the ones before. */
import { FencedError, UsageError } from '../domain/errors.ts';
import { canonicalJson } from '../domain/ids.ts';
import type { Clock, Fence, LeaseOwner, RunInput, RunRow, Runs } from '../domain/ports.ts';
import type { RunStatus, StopReason } from '../domain/run.ts';
import type { Stage } from '../domain/stages.ts';
import { theOne } from '../domain/thread-word.ts';
import { assertFence } from './fence.ts';
import { isAlive, LEASE_MS, thisProcess } from './owner.ts';
import type { SqlValue } from './sql/statement.ts';
import { many, one, run, type Sql, type Transaction } from './sql/transaction.ts';

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

type Patch = Parameters<Runs['update']>[1];

const FIND = 'SELECT * FROM runs WHERE thread_id = $1';
const ALL = 'SELECT * FROM runs ORDER BY seq DESC';
// Another process may create the same thread at this moment.
const CREATE = `INSERT INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at)
  VALUES ($1, $2, 'running', 'baseline', 0, 0, 0, 0, $3, $3) ON CONFLICT (thread_id) DO NOTHING`;
const TAKE = `UPDATE runs SET epoch = $2, lease_host = $3, lease_pid = $4, lease_ticks = $5, lease_until = $6, updated_at = $7,
  cancel_requested = 0 WHERE thread_id = $1`;
const BEAT = `UPDATE runs SET lease_until = $3, machine_ms = machine_ms + $4 WHERE thread_id = $1 AND epoch = $2
  RETURNING cancel_requested`;
const RELEASE = `UPDATE runs SET lease_host = NULL, lease_pid = NULL, lease_ticks = NULL, lease_until = NULL
  WHERE thread_id = $1 AND epoch = $2`;
const UPDATE =
  'UPDATE runs SET status = $2, stage = $3, attempt = $4, reason = $5, interrupt_id = $6, updated_at = $7 WHERE thread_id = $1';
const CANCEL = `UPDATE runs SET status = 'cancelled', reason = $2, epoch = epoch + 1, interrupt_id = NULL, updated_at = $3
  WHERE thread_id = $1`;

export function createRuns(sql: Sql, clock: Clock): Runs {
  const self = thisProcess();
  const get = (threadId: string): RunRow | undefined | Promise<RunRow | undefined> => sql.read(() => find(clock, threadId));
  const list = async (): Promise<RunRow[]> => (await sql.read(() => many<Row>(ALL))).map((row) => rowOf(clock, row));
  return {
    create: async (threadId, input) => sql.write(() => create(clock, threadId, input)),
    get: async (threadId) => get(threadId),
    list,
    resolve: async (word) => theOne(word, await list()),
    acquire: async (threadId, seen) => sql.write(() => acquire({ clock, self }, threadId, seen)),
    heartbeat: async (fence, machineMs) => {
      const values = [fence.threadId, fence.epoch, clock.now() + LEASE_MS, Math.max(0, Math.round(machineMs))];
      const beat = await sql.write(() => one<{ cancel_requested: number }>(BEAT, values));
      if (beat === undefined) return 'lost';
      return beat.cancel_requested === 1 ? 'cancelled' : 'held';
    },
    release: async (fence) => {
      const changes = await sql.write(() => run(RELEASE, [fence.threadId, fence.epoch]));
      if (changes === 0) throw new FencedError(fence.threadId, fence.epoch);
    },
    update: async (fence, patch) => sql.write(() => update(clock, fence, patch)),
    requestCancel: async (threadId) => {
      await sql.write(() => run('UPDATE runs SET cancel_requested = 1 WHERE thread_id = $1', [threadId]));
    },
    markCancelled: async (threadId, reason) => sql.write(() => markCancelled(clock, threadId, reason)),
  };
}

function* find(clock: Clock, threadId: string): Transaction<RunRow | undefined> {
  const row = yield* one<Row>(FIND, [threadId]);
  return row === undefined ? undefined : rowOf(clock, row);
}

function* create(clock: Clock, threadId: string, input: RunInput): Transaction<RunRow> {
  yield* run(CREATE, [threadId, canonicalJson(input), stamp(clock)]);
  const row = (yield* find(clock, threadId)) ?? never(threadId);
  if (canonicalJson(row.input) === canonicalJson(input)) return row;
  throw new UsageError(`thread ${threadId}: takes one goal; it already has another input`);
}

function* acquire(
  { clock, self }: { readonly clock: Clock; readonly self: LeaseOwner },
  threadId: string,
  seen: number | undefined,
): Transaction<Fence> {
  const row = yield* find(clock, threadId);
  if (row === undefined) throw new UsageError(`thread ${threadId}: is not in this home`);
  if (row.live && row.lease !== null)
    throw new UsageError(
      `thread ${threadId}: process ${row.lease.pid} on ${row.lease.host} is running it; watch it, or cancel it first`,
      'THREAD_BUSY',
    );
  if (seen !== undefined && row.epoch !== seen)
    throw new UsageError(`thread ${threadId}: another process had it since it was looked at; look again`, 'THREAD_BUSY');
  const epoch = row.epoch + 1;
  yield* run(TAKE, [threadId, epoch, self.host, self.pid, self.startTicks, clock.now() + LEASE_MS, stamp(clock)]);
  return { threadId, epoch };
}

function* update(clock: Clock, fence: Fence, patch: Patch): Transaction<void> {
  yield* assertFence(fence);
  const row = (yield* find(clock, fence.threadId)) ?? never(fence.threadId);
  const values: SqlValue[] = [
    fence.threadId,
    patch.status ?? row.status,
    patch.stage ?? row.stage,
    patch.attempt ?? row.attempt,
    JSON.stringify(patch.reason === undefined ? row.reason : patch.reason),
    patch.interruptId === undefined ? row.interruptId : patch.interruptId,
    stamp(clock),
  ];
  yield* run(UPDATE, values);
}

function* markCancelled(clock: Clock, threadId: string, reason: StopReason): Transaction<void> {
  const row = yield* find(clock, threadId);
  if (row === undefined) throw new UsageError(`thread ${threadId}: is not in this home`);
  if (row.live) throw new UsageError(`thread ${threadId}: a process is running it`, 'THREAD_BUSY');
  yield* run(CANCEL, [threadId, JSON.stringify(reason), stamp(clock)]);
}

function rowOf(clock: Clock, row: Row): RunRow {
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
}

const stamp = (clock: Clock): string => new Date(clock.now()).toISOString();

function never(threadId: string): never {
  throw new Error(`thread ${threadId}: its row vanished`);
}
