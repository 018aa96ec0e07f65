/** Finds and counts the crons that a scope sees. */
import type { CronFilter, CronRow } from '../../../domain/crons.ts';
import { COUNT_CAP, type Page, type Paging, type Scope, ServedError } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import type { Conditions } from '../conditions.ts';
import { pageOf } from '../page.ts';
import { cronOf, inSight, type Row } from './cron-row.ts';

/** Names of the API, and their columns. */
const SORTABLE: Readonly<Record<string, string>> = {
  cron_id: 'cron_id',
  assistant_id: 'assistant_id',
  thread_id: 'thread_id',
  created_at: 'created_at',
  updated_at: 'updated_at',
  next_run_date: 'due_at',
};

/** @throws ServedError `invalid` for another column, and for a page that is longer than an answer may be. */
export function searchCrons(scope: Scope, filter: CronFilter, paging: Paging): Transaction<Page<CronRow>> {
  const asked = askedOf(scope, filter);
  return pageOf<Row, CronRow>({
    sql: `SELECT * FROM crons WHERE ${asked.where.join(' AND ')} ORDER BY ${orderOf(paging)}`,
    parameters: asked.parameters,
    limit: paging.limit,
    offset: paging.offset,
    shown: cronOf,
    count: (most) => counted(asked, most),
  });
}

export const countCrons = (scope: Scope, filter: CronFilter): Transaction<number> => counted(askedOf(scope, filter), COUNT_CAP);

function askedOf(scope: Scope, { assistantId, threadId, enabled, metadata }: CronFilter): Conditions {
  const asked = inSight(scope);
  if (assistantId !== undefined) asked.add('assistant_id = ?', assistantId);
  if (threadId !== undefined) asked.add('thread_id = ?', threadId);
  if (enabled !== undefined) asked.add('enabled = ?', enabled ? 1 : 0);
  if (metadata !== undefined) asked.add('json_contains(metadata, ?) = 1', JSON.stringify(metadata));
  return asked;
}

function orderOf({ sortBy = 'created_at', sortOrder = 'desc' }: Paging): string {
  const column = Object.hasOwn(SORTABLE, sortBy) ? SORTABLE[sortBy] : undefined;
  if (column === undefined)
    throw new ServedError('invalid', `sort_by: must be one of ${Object.keys(SORTABLE).join(', ')}; got ${JSON.stringify(sortBy)}`);
  const direction = sortOrder === 'asc' ? 'ASC' : 'DESC';
  return `${column} ${direction}, cron_id ${direction}`;
}

function* counted({ where, parameters }: Conditions, most: number): Transaction<number> {
  const row = yield* one<{ total: number }>(
    `SELECT COUNT(*) AS total FROM (SELECT 1 FROM crons WHERE ${where.join(' AND ')} LIMIT $${parameters.length + 1}) AS counted`,
    [...parameters, most],
  );
  return row?.total ?? 0;
}
