/** The ticks of crons: begun by one process, made with their run in one transaction, taken over when their process died. */
import type { CronTick } from '../../../domain/cron-tick.ts';
import type { CronLast, CronRow } from '../../../domain/crons.ts';
import type { LeaseOwner } from '../../../domain/ports.ts';
import { ServedError } from '../../../domain/served.ts';
import { isAlive } from '../../owner.ts';
import { many, one, run, type Transaction } from '../../sql/transaction.ts';
import { cronOf, type Row } from './cron-row.ts';

/** A tick whose process says nothing for this long is another one's, in ms: also on another host, whose processes cannot be asked about. */
const HOLD_MS = 30_000;

export interface Holder {
  /** This process, as JSON text. */
  readonly owner: string;
  /** Ms since 1970. */
  readonly nowMs: number;
}

export function* due(nowMs: number, limit: number): Transaction<readonly CronRow[]> {
  const rows = yield* many<Row>('SELECT * FROM crons WHERE due_at <= $1 AND tick_at IS NULL ORDER BY due_at, cron_id LIMIT $2', [
    nowMs,
    limit,
  ]);
  return rows.map(cronOf);
}

/** False where another process was first, or the cron was changed since it was read. */
export function* begin({ cronId, dueAt, updatedAt }: CronRow, { tickMs, nextMs }: Moments, { owner, nowMs }: Holder): Transaction<boolean> {
  const changed = yield* run(
    `UPDATE crons SET tick_at = $1, due_at = $2, hold_owner = $3, hold_until = $4
     WHERE cron_id = $5 AND due_at = $6 AND updated_at = $7 AND tick_at IS NULL`,
    [tickMs, nextMs, owner, nowMs + HOLD_MS, cronId, dueAt, updatedAt],
  );
  return changed === 1;
}

interface Moments {
  readonly tickMs: number;
  /** Null: none follows. */
  readonly nextMs: number | null;
}

export function* takeOver(
  { owner, nowMs }: Holder,
  limit: number,
  atWork: readonly string[],
): Transaction<readonly (CronTick & { readonly cron: CronRow })[]> {
  const begun = yield* many<Row>(
    'SELECT * FROM crons WHERE tick_at IS NOT NULL AND (hold_until <= $1 OR hold_owner <> $2) ORDER BY tick_at',
    [nowMs, owner],
  );
  const left = begun.filter((row) => isLeft(row, nowMs));
  const kept = left.filter((row) => row.hold_owner === owner && atWork.includes(row.cron_id));
  const taken = left.filter((row) => !kept.includes(row)).slice(0, limit);
  for (const { cron_id } of [...kept, ...taken])
    yield* run('UPDATE crons SET hold_owner = $1, hold_until = $2 WHERE cron_id = $3', [owner, nowMs + HOLD_MS, cron_id]);
  return taken.map((row) => ({ cron: cronOf(row), cronId: row.cron_id, tickMs: row.tick_at ?? 0 }));
}

const isLeft = ({ hold_owner: owner, hold_until: until }: Row, nowMs: number): boolean =>
  (until ?? 0) <= nowMs || owner === null || !isAlive(JSON.parse(owner) as LeaseOwner); // written by `begin`

/** For the transaction that puts its run: both are there, or none. @throws ServedError `conflict` where it has its run, or its cron is gone. */
export function* made({ cronId, tickMs }: CronTick, by: { runId: string; threadId: string }, at: string): Transaction<void> {
  const last: CronLast = { tick: new Date(tickMs).toISOString(), at, runId: by.runId, threadId: by.threadId };
  const changed = yield* run(
    'UPDATE crons SET tick_at = NULL, hold_owner = NULL, hold_until = NULL, last = $1 WHERE cron_id = $2 AND tick_at = $3',
    [JSON.stringify(last), cronId, tickMs],
  );
  if (changed === 0) throw new ServedError('conflict', `cron ${cronId}: its tick of ${last.tick} has its run, or the cron is gone`);
}

export function* refuse(
  { cronId, tickMs }: CronTick,
  error: NonNullable<CronLast['error']>,
  { owner, nowMs }: Holder,
): Transaction<boolean> {
  const last: CronLast = { tick: new Date(tickMs).toISOString(), at: new Date(nowMs).toISOString(), error };
  const changed = yield* run(
    `UPDATE crons SET tick_at = NULL, hold_owner = NULL, hold_until = NULL, last = $1
     WHERE cron_id = $2 AND tick_at = $3 AND hold_owner = $4`,
    [JSON.stringify(last), cronId, tickMs, owner],
  );
  return changed === 1;
}

export function* nextDueMs(nowMs: number): Transaction<number | undefined> {
  const row = yield* one<{ at: number | null }>(
    `SELECT MIN(moments.at) AS at FROM (SELECT MIN(due_at) AS at FROM crons WHERE due_at IS NOT NULL AND tick_at IS NULL
       UNION ALL SELECT MIN(hold_until) AS at FROM crons WHERE tick_at IS NOT NULL) AS moments`,
  );
  return row === undefined || row.at === null ? undefined : Math.max(0, row.at - nowMs);
}
