/** The crons of the server: what each runs, when next, as whom, and what became of its newest tick. */
import type { CronPatch, CronRow, Crons, NewCron } from '../../../domain/crons.ts';
import { canonicalJson } from '../../../domain/ids.ts';
import type { Clock } from '../../../domain/ports.ts';
import { type Scope, ServedError } from '../../../domain/served.ts';
import { thisProcess } from '../../owner.ts';
import type { SqlValue } from '../../sql/statement.ts';
import { one, run, type Sql, type Transaction } from '../../sql/transaction.ts';
import { cronOf, findRow, type Row } from './cron-row.ts';
import { countCrons, searchCrons } from './search-crons.ts';
import { begin, due, type Holder, nextDueMs, refuse, takeOver } from './ticks.ts';

/**
 * @example
 * for (const cron of await crons.due(10))
 *   if (await crons.begin(cron, cron.dueAt ?? 0, null)) await crons.refuse({ cronId: cron.cronId, tickMs: cron.dueAt ?? 0 }, error);
 */
export function createCrons(sql: Sql, clock: Clock): Crons {
  const owner = JSON.stringify(thisProcess());
  const holder = (): Holder => ({ owner, nowMs: clock.now() });
  const stamp = (): string => new Date(clock.now()).toISOString();
  return {
    create: async (cron, most) => sql.write(() => create({ ...cron, createdAt: stamp(), updatedAt: stamp(), last: null }, most)),
    get: async (scope, cronId) => {
      const row = await sql.read(() => findRow(scope, cronId));
      return row === undefined ? undefined : cronOf(row);
    },
    search: async (scope, filter, paging) => sql.read(() => searchCrons(scope, filter, paging)),
    count: async (scope, filter) => sql.read(() => countCrons(scope, filter)),
    patch: async (scope, cronId, patch) => sql.write(() => change({ scope, cronId }, patch, stamp())),
    delete: async (scope, cronId) => {
      await sql.write(() => remove(scope, cronId));
    },
    due: async (limit) => sql.read(() => due(clock.now(), limit)),
    begin: async (cron, tickMs, nextMs) => sql.write(() => begin(cron, { tickMs, nextMs }, holder())),
    takeOver: async (limit, atWork = []) => sql.write(() => takeOver(holder(), limit, atWork)),
    refuse: async (tick, error) => sql.write(() => refuse(tick, error, holder())),
    nextDueMs: async () => sql.read(() => nextDueMs(clock.now())),
  };
}

function* create(cron: NewCron & CronRow, most: { readonly perOwner: number; readonly all: number }): Transaction<CronRow> {
  const own = yield* one<{ rows: number }>('SELECT COUNT(*) AS rows FROM crons WHERE owner = $1', [cron.owner]);
  const all = yield* one<{ rows: number }>('SELECT COUNT(*) AS rows FROM crons');
  if ((own?.rows ?? 0) >= most.perOwner)
    throw new ServedError('conflict', `crons: ${cron.owner} has ${own?.rows} (at most ${most.perOwner}); delete one first`);
  if ((all?.rows ?? 0) >= most.all) throw new ServedError('conflict', `crons: this server has ${all?.rows} (at most ${most.all})`);
  yield* run(
    `INSERT INTO crons (cron_id, tenant, owner, caller, thread_id, assistant_id, graph_id, schedule, timezone, end_at, enabled,
       on_run_completed, payload, metadata, created_at, updated_at, due_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)`,
    [
      cron.cronId,
      cron.tenant,
      cron.owner,
      JSON.stringify(cron.caller),
      cron.threadId,
      cron.assistantId,
      cron.graphId,
      cron.schedule,
      cron.timezone,
      cron.endAt,
      cron.enabled ? 1 : 0,
      cron.onRunCompleted,
      JSON.stringify(cron.payload),
      canonicalJson(cron.metadata),
      cron.createdAt,
      cron.dueAt,
    ],
  );
  return cron;
}

function* needRow(scope: Scope, cronId: string): Transaction<Row> {
  const row = yield* findRow(scope, cronId);
  if (row === undefined) throw new ServedError('missing', `cron ${cronId} not found`);
  return row;
}

function* change({ scope, cronId }: { scope: Scope; cronId: string }, patch: CronPatch, at: string): Transaction<CronRow> {
  const before = cronOf(yield* needRow(scope, cronId));
  const after: CronRow = { ...before, ...patch, updatedAt: at };
  const values: readonly SqlValue[] = [
    after.owner,
    JSON.stringify(after.caller),
    after.graphId,
    after.schedule,
    after.timezone,
    after.endAt,
    after.enabled ? 1 : 0,
    after.onRunCompleted,
    JSON.stringify(after.payload),
    canonicalJson(after.metadata),
    after.dueAt,
    at,
  ];
  yield* run(
    `UPDATE crons SET owner = $1, caller = $2, graph_id = $3, schedule = $4, timezone = $5, end_at = $6, enabled = $7,
       on_run_completed = $8, payload = $9, metadata = $10, due_at = $11, updated_at = $12 WHERE cron_id = $13`,
    [...values, cronId],
  );
  return after;
}

function* remove(scope: Scope, cronId: string): Transaction<void> {
  yield* needRow(scope, cronId);
  yield* run('DELETE FROM crons WHERE cron_id = $1', [cronId]);
}
