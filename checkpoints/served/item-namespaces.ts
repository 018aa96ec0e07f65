/** Lists the namespaces of the store's items by leaps over the primary key. */
import type { Items } from '../../domain/items.ts';
import type { Scope } from '../../domain/served.ts';
import { one, type Transaction } from '../sql/transaction.ts';
import { matchesFilters } from './filters.ts';
import { liveAt, pathOf } from './item-row.ts';

type Options = Parameters<Items['namespaces']>[1];

const fits = (pattern: readonly string[], labels: readonly string[]): boolean =>
  pattern.every((wanted, index) => wanted === '*' || wanted === labels[index]);

/** Costs one look per namespace, however many items it has, and one per subtree that `maxDepth` cuts. `now` is ISO. */
export function* listNamespaces({ tenant, filters }: Scope, options: Options, now: string): Transaction<readonly (readonly string[])[]> {
  const { prefix = [], limit } = options;
  const isWanted = wanted(options);
  const listed = listing(options, (labels) => matchesFilters({ namespace: labels }, filters));
  const isLive = (path: string): Transaction<boolean> => hasItems(tenant, path, now);

  const wild = prefix.indexOf('*');
  const top = (wild < 0 ? prefix : prefix.slice(0, wild)).join('.');
  if (top !== '' && (yield* isLive(top))) yield* visit(top, { isWanted, listed, isLive });
  const inside = top === '' ? '' : `${top}.`;
  for (let from: From = { sign: '>=', path: inside }; listed.found.length < limit; ) {
    const next = yield* nextNamespace(tenant, from, now);
    if (next === undefined || !next.startsWith(inside)) break;
    from = yield* visit(next, { isWanted, listed, isLive });
  }
  return listed.found.slice(0, limit);
}

/** Where the next namespace may stand: at this path, or behind it. */
interface From {
  readonly sign: '>' | '>=';
  readonly path: string;
}

function* nextNamespace(tenant: string, { sign, path }: From, now: string): Transaction<string | undefined> {
  const row = yield* one<{ namespace: string }>(
    `SELECT namespace FROM items WHERE tenant = $1 AND namespace ${sign} $2 AND ${liveAt('$3')} ORDER BY namespace LIMIT 1`,
    [tenant, path, now],
  );
  return row?.namespace;
}

function* hasItems(tenant: string, path: string, now: string): Transaction<boolean> {
  const row = yield* one(`SELECT key FROM items WHERE tenant = $1 AND namespace = $2 AND ${liveAt('$3')} LIMIT 1`, [tenant, path, now]);
  return row !== undefined;
}

/** @throws ServedError `invalid`. */
function wanted({ prefix = [], suffix = [] }: Options): (labels: readonly string[]) => boolean {
  pathOf(prefix);
  pathOf(suffix);
  return (labels) =>
    labels.length >= Math.max(prefix.length, suffix.length) &&
    fits(prefix, labels) &&
    fits(suffix, labels.slice(labels.length - suffix.length));
}

interface Listing {
  readonly found: readonly (readonly string[])[];
  readonly maxDepth: number;
  add(labels: readonly string[]): void;
}

/** Those that are seen, each once, behind the offset. */
function listing({ offset, maxDepth = Number.POSITIVE_INFINITY }: Options, isSeen: (labels: readonly string[]) => boolean): Listing {
  const found: (readonly string[])[] = [];
  let skip = offset;
  let last: string | undefined;
  return {
    found,
    maxDepth,
    add: (labels) => {
      const path = labels.join('.');
      if (path === last || !isSeen(labels)) return;
      last = path;
      if (skip-- <= 0) found.push(labels);
    },
  };
}

interface Visit {
  readonly isWanted: (labels: readonly string[]) => boolean;
  readonly listed: Listing;
  readonly isLive: (path: string) => Transaction<boolean>;
}

/** Lists it if it is asked for; returns where the next one may stand. */
function* visit(path: string, { isWanted, listed, isLive }: Visit): Transaction<From> {
  const labels = path.split('.');
  if (!isWanted(labels)) return { sign: '>', path };
  if (labels.length <= listed.maxDepth) {
    listed.add(labels);
    return { sign: '>', path };
  }
  const cut = labels.slice(0, listed.maxDepth);
  const shorter = cut.join('.');
  // A namespace that has items itself was listed when it was visited.
  if (!(isWanted(cut) && (yield* isLive(shorter)))) listed.add(cut);
  // '/' follows '.': behind everything below it.
  return { sign: '>=', path: `${shorter}/` };
}
