/** Whether a row's metadata is what a search asks for, and what a custom auth handler lets its user see. */
import { type Filters, type Json, type Scope, ServedError } from '../../domain/served.ts';

/** Everything the filters name must be there; a member that is absent, and a filter that says nothing, never match. */
export function matchesFilters(metadata: Json, filters: Filters | undefined): boolean {
  if (filters === undefined) return true;
  return Object.entries(filters).every(([key, filter]: [string, unknown]) => {
    if (!Object.hasOwn(metadata, key)) return false;
    const value = metadata[key];
    if (typeof filter === 'string') return value === filter;
    if (!isObject(filter)) return false;
    const rules = Object.entries(filter);
    return rules.length > 0 && rules.every(([rule, wanted]) => matchesRule(value, rule, wanted));
  });
}

function matchesRule(value: unknown, rule: string, wanted: unknown): boolean {
  if (rule === '$eq') return typeof wanted === 'string' && value === wanted;
  if (rule !== '$contains' || !Array.isArray(value)) return false;
  const parts: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  return parts.every((part) => typeof part === 'string' && value.includes(part));
}

/** Whether a thread is of a graph that the scope names, or of none yet. */
export function isOfGraphs(metadata: Json, { graphs }: Pick<Scope, 'graphs'>): boolean {
  const graph = metadata['graph_id'] ?? undefined;
  return graphs === undefined || graph === undefined || graphs.some((known) => known === graph);
}

/** Comparisons for one row at most: a list of objects within a list of objects costs the product of both. */
const MAX_COMPARED = 1_000_000;

/** Postgres' `value @> part` over JSON: objects by their members, arrays as sets, and a bare scalar is in an array of scalars. */
export function contains(value: unknown, part: unknown): boolean {
  if (Array.isArray(value) && !isContainer(part)) return value.some((member) => member === part);
  return within(value, part, { left: MAX_COMPARED });
}

function within(value: unknown, part: unknown, budget: { left: number }): boolean {
  budget.left -= 1;
  if (budget.left < 0) throw new ServedError('invalid', `metadata, values: take more than ${MAX_COMPARED} comparisons; ask for less`);
  if (Array.isArray(part)) {
    if (!Array.isArray(value)) return false;
    const members = new Set<unknown>(value);
    return part.every((wanted) => (isContainer(wanted) ? value.some((member) => within(member, wanted, budget)) : members.has(wanted)));
  }
  if (!isObject(part)) return value === part;
  return isObject(value) && Object.entries(part).every(([key, wanted]) => Object.hasOwn(value, key) && within(value[key], wanted, budget));
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isObject = (value: unknown): value is Record<string, unknown> => isContainer(value) && !Array.isArray(value);
