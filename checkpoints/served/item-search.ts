/** Finds items below a namespace in slices, so that a search through very many holds up nobody else. */
import { setImmediate } from 'node:timers/promises';
import type { ItemRow, Items } from '../../domain/items.ts';
import { type Scope, ServedError } from '../../domain/served.ts';
import type { Database } from '../database.ts';
import { matchesFilters } from './filters.ts';
import { filterWanted, wordsWanted } from './item-filter.ts';
import { itemDocument, LIVE, pathOf, type Row, rowOf } from './item-row.ts';
import { fitting } from './page-limit.ts';

/** What is looked at between two turns of the event loop: a few milliseconds. */
const SLICE_BYTES = 256 * 1024;
/** What a row costs beside its value. */
const ROW_BYTES = 256;
/** Keys of so many items are held, twice over, while the newest are looked for. */
const MAX_REACH = 100_000;

type Options = Parameters<Items['search']>[1];
interface At {
  readonly namespace: string;
  readonly key: string;
  readonly updated_at: string;
}

const newestFirst = (a: At, b: At): number =>
  compare(b.updated_at, a.updated_at) || compare(a.namespace, b.namespace) || compare(a.key, b.key);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** @throws ServedError `invalid`. */
export function searching(database: Database, read: (tenant: string, path: string, key: string) => Row | undefined) {
  const inOrder = database.prepare<unknown[], Row>(
    `SELECT * FROM items WHERE tenant = @tenant AND (namespace, key) >= (@namespace, @key) AND ${LIVE} ORDER BY namespace, key`,
  );

  const scan = async (tenant: string, now: string, path: string, visit: (row: Row) => void): Promise<void> => {
    // A namespace and those below it are two runs of the primary key; others that begin alike may stand between them.
    const runs =
      path === ''
        ? [{ start: '', has: () => true }]
        : [
            { start: path, has: (namespace: string) => namespace === path },
            { start: `${path}.`, has: (namespace: string) => namespace.startsWith(`${path}.`) },
          ];
    for (const { start, has } of runs) {
      let from: { namespace: string; key: string } | undefined = { namespace: start, key: '' };
      while (from !== undefined) {
        let bytes = 0;
        const rows: IterableIterator<Row> = inOrder.iterate({ tenant, now, ...from });
        from = undefined;
        for (const row of rows) {
          if (!has(row.namespace)) break;
          visit(row);
          bytes += ROW_BYTES + row.value.length;
          if (bytes < SLICE_BYTES) continue;
          from = { namespace: row.namespace, key: `${row.key}\0` };
          break;
        }
        if (from !== undefined) await setImmediate();
      }
    }
  };

  return async ({ tenant, filters }: Scope, now: string, options: Options): Promise<readonly { row: Row; item: ItemRow }[]> => {
    const { namespacePrefix, filter, query, limit, offset } = options;
    const reach = offset + limit;
    const path = pathOf(namespacePrefix);
    const tests = [filterWanted(filter), wordsWanted(query)].filter((test) => test !== undefined);
    const wanted = (item: ItemRow): boolean => matchesFilters(itemDocument(item), filters) && tests.every((test) => test(item.value));
    const all = tests.length === 0 && filters === undefined;
    if (limit <= 0) return [];

    let newest: At[] = [];
    await scan(tenant, now, path, (row) => {
      if (!all && !wanted(rowOf(row))) return;
      newest.push({ namespace: row.namespace, key: row.key, updated_at: row.updated_at });
      if (newest.length >= 2 * reach + 100) newest = newest.toSorted(newestFirst).slice(0, reach);
      if (newest.length > 2 * MAX_REACH)
        throw new ServedError('invalid', `search: offset and limit ${reach} reach over more than ${MAX_REACH} items; ask for less`);
    });
    const page = newest.toSorted(newestFirst).slice(offset, reach);
    const rows = function* (): Generator<Row> {
      for (const { namespace, key } of page) {
        const row = read(tenant, namespace, key);
        if (row !== undefined) yield row;
      }
    };
    return fitting(rows()).flatMap((row) => {
      const item = rowOf(row);
      // It may have been written again since it was found.
      return all || wanted(item) ? [{ row, item }] : [];
    });
  };
}
