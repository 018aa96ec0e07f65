/** Finds and counts threads: by the conditions of one statement, or by looking into their JSON. */
import {
  COUNT_CAP,
  PAGE_COUNT_CAP,
  type Page,
  type Paging,
  type Scope,
  type ThreadFilter,
  type ThreadRow,
} from '../../../domain/served.ts';
import { one, type Sql, type Transaction } from '../../sql/transaction.ts';
import { pageOf } from '../page.ts';
import { fitting } from '../page-limit.ts';
import { type ThreadQuery, threadQuery } from './thread-query.ts';
import { COLUMNS, type Row, rowInSight, rowOf } from './thread-row.ts';
import { scanThreads } from './thread-scan.ts';

export async function searchThreads(sql: Sql, scope: Scope, filter: ThreadFilter, paging: Paging): Promise<Page<ThreadRow>> {
  const query = threadQuery(scope, filter, paging);
  if (query.told === 'by rules') return sql.read(() => foundByRules(query, paging));
  const end = paging.offset + paging.limit;
  const ids = await scanThreads(sql, query, filter, Math.max(PAGE_COUNT_CAP, end + 1));
  const rows = await sql.read(() => rowsOf(scope, ids.slice(paging.offset, end)));
  return { rows, total: ids.length, next: ids.length > end ? end : null };
}

export async function countThreads(sql: Sql, scope: Scope, filter: ThreadFilter): Promise<number> {
  const query = threadQuery(scope, filter, { limit: 0, offset: 0 });
  if (query.told === 'by rules') return sql.read(() => counted(query, COUNT_CAP));
  return (await scanThreads(sql, query, filter, COUNT_CAP)).length;
}

const foundByRules = (query: ThreadQuery, { limit, offset }: Paging): Transaction<Page<ThreadRow>> =>
  pageOf<Row, ThreadRow>({
    sql: `SELECT ${COLUMNS} FROM ${query.from} WHERE ${query.where.join(' AND ')} ORDER BY ${query.order}`,
    parameters: query.parameters,
    limit,
    offset,
    shown: rowOf,
    count: (most) => counted(query, most),
  });

/** Those that are still there. */
function* rowsOf(scope: Scope, ids: readonly string[]): Transaction<readonly ThreadRow[]> {
  const measured = fitting<Row>();
  const rows: ThreadRow[] = [];
  for (const id of ids) {
    const row = yield* rowInSight(scope, id);
    if (row !== undefined) rows.push(rowOf(measured(row)));
  }
  return rows;
}

function* counted({ from, where, parameters }: ThreadQuery, most: number): Transaction<number> {
  const table = where.length === 1 && where[0]?.startsWith('m.') === true ? 'thread_metadata m' : from;
  const row = yield* one<{ total: number }>(
    `SELECT count(*) AS total FROM (SELECT 1 FROM ${table} WHERE ${where.join(' AND ')} LIMIT $${parameters.length + 1}) AS counted`,
    [...parameters, most],
  );
  return row?.total ?? 0;
}
