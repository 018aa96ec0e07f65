/** Lists the namespaces of the store's items by leaps over the primary key. */

import type { Items } from '../../domain/items.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Database } from '../database.ts';
import { matchesFilters } from './filters.ts';
import { LIVE, pathOf } from './item-row.ts';

const fits = (pattern: readonly string[], labels: readonly string[]): boolean =>
  pattern.every((wanted, index) => wanted === '*' || wanted === labels[index]);

/** Costs one look per namespace, however many items it has, and one per subtree that `maxDepth` cuts. */
export function listing(database: Database, clock: Clock): Items['namespaces'] {
  const nextNamespace = database.prepare<unknown[], { namespace: string }>(
    `SELECT namespace FROM items WHERE tenant = @tenant AND namespace >= @from AND ${LIVE} ORDER BY namespace LIMIT 1`,
  );
  const inNamespace = database.prepare(`SELECT 1 FROM items WHERE tenant = @tenant AND namespace = @path AND ${LIVE} LIMIT 1`);

  return async ({ tenant, filters }, { prefix = [], suffix = [], maxDepth = Number.POSITIVE_INFINITY, limit, offset }) => {
    pathOf(prefix);
    pathOf(suffix);
    const now = new Date(clock.now()).toISOString();
    const matches = (labels: readonly string[]): boolean =>
      labels.length >= Math.max(prefix.length, suffix.length) &&
      fits(prefix, labels) &&
      fits(suffix, labels.slice(labels.length - suffix.length));
    const isLive = (path: string): boolean => inNamespace.get({ tenant, path, now }) !== undefined;
    const listed: string[][] = [];
    let skip = offset;
    let last: string | undefined;
    const list = (labels: string[]): void => {
      const path = labels.join('.');
      if (path === last || !matchesFilters({ namespace: labels }, filters)) return;
      last = path;
      if (skip-- <= 0) listed.push(labels);
    };
    /** Lists it if it is asked for; returns the least path that may come next. */
    const visit = (path: string): string => {
      const labels = path.split('.');
      if (!matches(labels)) return `${path}\0`;
      if (labels.length <= maxDepth) {
        list(labels);
        return `${path}\0`;
      }
      const cut = labels.slice(0, maxDepth);
      const shorter = cut.join('.');
      // A namespace that has items itself was listed when it was visited.
      if (!(matches(cut) && isLive(shorter))) list(cut);
      // '/' follows '.': behind everything below it.
      return `${shorter}/`;
    };

    const wild = prefix.indexOf('*');
    const top = (wild < 0 ? prefix : prefix.slice(0, wild)).join('.');
    if (top !== '' && isLive(top)) visit(top);
    const inside = top === '' ? '' : `${top}.`;
    for (let from = inside; listed.length < limit; ) {
      const next = nextNamespace.get({ tenant, from, now });
      if (next === undefined || !next.namespace.startsWith(inside)) break;
      from = visit(next.namespace);
    }
    return listed.slice(0, limit);
  };
}
