/** A cron as it stands in its row, and which of them a scope sees. */
import type { CronLast, CronRow } from '../../../domain/crons.ts';
import type { Json, Scope } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { type Conditions, conditions } from '../conditions.ts';

export interface Row {
  cron_id: string;
  tenant: string;
  owner: string;
  caller: string;
  thread_id: string | null;
  assistant_id: string;
  graph_id: string;
  schedule: string;
  timezone: string | null;
  end_at: number | null;
  enabled: number;
  on_run_completed: CronRow['onRunCompleted'];
  payload: string;
  metadata: string;
  created_at: string;
  updated_at: string;
  due_at: number | null;
  last: string | null;
  tick_at: number | null;
  hold_owner: string | null;
  hold_until: number | null;
}

// The JSON columns were written by the files beside this one.
export const cronOf = (row: Row): CronRow => ({
  cronId: row.cron_id,
  tenant: row.tenant,
  owner: row.owner,
  caller: JSON.parse(row.caller) as Json, // as said above
  threadId: row.thread_id,
  assistantId: row.assistant_id,
  graphId: row.graph_id,
  schedule: row.schedule,
  timezone: row.timezone,
  endAt: row.end_at,
  enabled: row.enabled === 1,
  onRunCompleted: row.on_run_completed,
  payload: JSON.parse(row.payload) as Json, // as said above
  metadata: JSON.parse(row.metadata) as Json, // as said above
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  dueAt: row.due_at,
  last: row.last === null ? null : (JSON.parse(row.last) as CronLast), // as said above
});

/** The rows of this tenant, of the graphs and owners that the scope names. */
export function inSight({ tenant, filters, graphs }: Scope): Conditions {
  const asked = conditions();
  asked.add('tenant = ?', tenant);
  if (filters !== undefined) asked.add('json_allowed(metadata, ?) = 1', JSON.stringify(filters));
  if (graphs !== undefined) asked.addOneOf('graph_id', graphs);
  return asked;
}

/** Undefined also for one that the scope does not see. */
export function* findRow(scope: Scope, cronId: string): Transaction<Row | undefined> {
  const asked = inSight(scope);
  asked.add('cron_id = ?', cronId);
  return yield* one<Row>(`SELECT * FROM crons WHERE ${asked.where.join(' AND ')}`, asked.parameters);
}
