/** Finds and counts the assistants that a scope sees. */
import {
  type AssistantFilter,
  type AssistantRow,
  COUNT_CAP,
  type Page,
  type Paging,
  type Scope,
  ServedError,
} from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';
import { type Conditions, conditions } from '../conditions.ts';
import { pageOf } from '../page.ts';
import { addSight, type Row, rowOf } from './assistant-row.ts';

const SORTABLE: ReadonlySet<string> = new Set(['assistant_id', 'graph_id', 'name', 'created_at', 'updated_at']);

/** @throws ServedError `invalid` for another column, and for a page that is longer than an answer may be. */
export function searchAssistants(scope: Scope, filter: AssistantFilter, paging: Paging): Transaction<Page<AssistantRow>> {
  const asked = askedOf(scope, filter);
  return pageOf<Row, AssistantRow>({
    sql: `SELECT * FROM assistants_by_arrival WHERE ${asked.where.join(' AND ')} ORDER BY ${orderOf(paging)}`,
    parameters: asked.parameters,
    limit: paging.limit,
    offset: paging.offset,
    shown: rowOf,
    count: (most) => counted(asked, most),
  });
}

export const countAssistants = (scope: Scope, filter: AssistantFilter): Transaction<number> => counted(askedOf(scope, filter), COUNT_CAP);

function askedOf(scope: Scope, { graphId, graphIds, name, metadata }: AssistantFilter): Conditions {
  const asked = conditions();
  addSight(asked, scope);
  if (graphId !== undefined) asked.add('graph_id = ?', graphId);
  if (graphIds !== undefined) asked.addOneOf('graph_id', graphIds);
  if (name !== undefined) asked.add('folded_contains(name, ?) = 1', name);
  if (metadata !== undefined) asked.add('json_contains(metadata, ?) = 1', JSON.stringify(metadata));
  return asked;
}

/** Rows of the same moment stand in the order they came. */
function orderOf({ sortBy = 'created_at', sortOrder = 'desc' }: Paging): string {
  if (!SORTABLE.has(sortBy))
    throw new ServedError('invalid', `sort_by: must be one of ${[...SORTABLE].join(', ')}; got ${JSON.stringify(sortBy)}`);
  const direction = sortOrder === 'asc' ? 'ASC' : 'DESC';
  return `${sortBy} ${direction}, arrival ${direction}`;
}

function* counted({ where, parameters }: Conditions, most: number): Transaction<number> {
  const row = yield* one<{ total: number }>(
    `SELECT COUNT(*) AS total FROM (SELECT 1 FROM assistants WHERE ${where.join(' AND ')} LIMIT $${parameters.length + 1}) AS counted`,
    [...parameters, most],
  );
  return row?.total ?? 0;
}
