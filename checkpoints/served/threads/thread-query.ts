/** Writes the search for threads: which index leads, and which conditions follow. */
import type { Paging, Scope, ThreadFilter } from '../../../domain/served.ts';
import type { SqlValue } from '../../sql/statement.ts';
import { type Conditions, conditions } from '../conditions.ts';

export interface ThreadQuery {
  readonly from: string;
  readonly where: readonly string[];
  readonly order: string;
  readonly parameters: readonly SqlValue[];
  /** By JSON: the rows that these rules find are still to be looked at. */
  readonly told: 'by rules' | 'by JSON';
}

type Tag = readonly [key: string, value: string | number | boolean];

const SORTS: Readonly<Record<string, string>> = {
  thread_id: 't.thread_id',
  status: 't.status',
  created_at: 't.created_at',
  updated_at: 't.updated_at',
  state_updated_at: 't.state_updated_at',
};
/** What comes after the column that is sorted by, as its index has it. */
const TIES: Readonly<Record<string, readonly string[]>> = { thread_id: [], status: ['t.created_at', 't.thread_id'] };

/**
 * A member of the metadata that is asked for by value leads, by its own index; so a search costs what it finds. A tenant that is joined
 * to nothing is no column of an index: the planner must not walk all threads of the tenant where another index knows better.
 */
export function threadQuery(scope: Scope, filter: ThreadFilter, paging: Paging): ThreadQuery {
  const asked = conditions();
  const sortBy = paging.sortBy ?? 'created_at';
  const leading = leadingTag(scope, filter, sortBy);
  if (leading !== undefined) asked.add('m.tenant = ? AND m.key = ? AND m.value = ?', scope.tenant, leading[0], textOf(leading[1]));
  else asked.add(filter.ids !== undefined || sortBy === 'thread_id' ? "t.tenant || '' = ?" : 't.tenant = ?', scope.tenant);
  if (filter.ids !== undefined) asked.addOneOf('t.thread_id', filter.ids);
  if (filter.status !== undefined) asked.add('t.status = ?', filter.status);
  const hasTag = tagsOf(scope, filter).length > 0;
  const members = Object.keys(filter.metadata ?? {}).length;
  const byJson = Object.keys(filter.values ?? {}).length > 0 || (members > 0 && !hasTag);
  if (members > 0 && !byJson && !isToldByIndex(filter, leading))
    asked.add('json_contains(t.metadata, ?) = 1', JSON.stringify(filter.metadata));
  addScope(asked, scope);
  return {
    from: leading === undefined ? 'threads t' : 'thread_metadata m JOIN threads t ON t.thread_id = m.thread_id',
    where: asked.where,
    order: orderOf(paging, leading),
    parameters: asked.parameters,
    told: byJson ? 'by JSON' : 'by rules',
  };
}

function addScope(asked: Conditions, { filters, graphs }: Scope): void {
  if (filters !== undefined) asked.add('json_allowed(t.metadata, ?) = 1', JSON.stringify(filters));
  if (graphs !== undefined) asked.add('json_of_graphs(t.metadata, ?) = 1', JSON.stringify(graphs));
}

function orderOf(paging: Paging, leading: Tag | undefined): string {
  const direction = paging.sortOrder === 'asc' ? 'ASC' : 'DESC';
  const sortBy = paging.sortBy ?? 'created_at';
  const sort = SORTS[sortBy] ?? 't.created_at';
  const columns =
    leading !== undefined && sortBy === 'created_at' ? ['m.created_at', 'm.thread_id'] : [sort, ...(TIES[sortBy] ?? ['t.thread_id'])];
  return columns.map((column) => `${column} ${direction}`).join(', ');
}

const isTagged = (value: unknown): value is Tag[1] =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value));

/** What the index holds of a value. */
const textOf = (value: Tag[1]): string => (typeof value === 'boolean' ? String(Number(value)) : String(value));

/** What most threads share leads last: their graph, a yes or no. */
const rank = ([key, value]: Tag): number => (key === 'graph_id' ? 3 : key === 'assistant_id' ? 2 : typeof value === 'boolean' ? 1 : 0);

function tagsOf(scope: Scope, filter: ThreadFilter): readonly Tag[] {
  return Object.entries({ ...filter.metadata, ...equalities(scope) })
    .filter((entry): entry is [string, Tag[1]] => isTagged(entry[1]))
    .toSorted((a, b) => rank(a) - rank(b));
}

function leadingTag(scope: Scope, filter: ThreadFilter, sortBy: string): Tag | undefined {
  const [first] = tagsOf(scope, filter);
  // What most threads share is no help where they are wanted in another order.
  return first !== undefined && filter.ids === undefined && (sortBy === 'created_at' || rank(first) === 0) ? first : undefined;
}

/** The index keeps text alone: what may also be a number's is looked at again. */
function isToldByIndex({ metadata = {} }: ThreadFilter, leading: Tag | undefined): boolean {
  if (leading === undefined || Object.keys(metadata).length !== 1 || metadata[leading[0]] !== leading[1]) return false;
  return typeof leading[1] === 'string' && /^[^\d-]/.test(leading[1]);
}

function equalities(scope: Scope): Record<string, unknown> {
  const entries = Object.entries(scope.filters ?? {}).map(([key, rule]) => [key, typeof rule === 'string' ? rule : rule.$eq] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
