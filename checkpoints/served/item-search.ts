/** Finds items below a namespace in slices, so that a search through very many holds up nobody else. */
import { setImmediate } from 'node:timers/promises';
import type { ItemRow, Items } from '../../domain/items.ts';
import { type Scope, ServedError } from '../../domain/served.ts';
import { charactersOf } from '../sql/statement.ts';
import { type Sql, some, type Transaction } from '../sql/transaction.ts';
import { matchesFilters } from './filters.ts';
import { filterWanted, wordsWanted } from './item-filter.ts';
import { itemDocument, liveAt, pathOf, type Row, readItem, rowOf } from './item-row.ts';
import { fitting } from './page-limit.ts';

/** What is looked at between two turns of the event loop: a few milliseconds. */
const SLICE_CHARACTERS = 256 * 1024;
/** What a row costs beside its value: many small ones are a slice too. */
const SLICE_ROWS = 1024;
/** Keys of so many items are held, twice over, while the newest are looked for. */
const MAX_REACH = 100_000;

type Options = Parameters<Items['search']>[1];
interface At {
  readonly namespace: string;
  readonly key: string;
  readonly updated_at: string;
}
interface Found {
  readonly row: Row;
  readonly item: ItemRow;
}
interface Wanted {
  /** Every item is. */
  readonly all: boolean;
  readonly isWanted: (item: ItemRow) => boolean;
}

const newestFirst = (a: At, b: At): number =>
  compare(b.updated_at, a.updated_at) || compare(a.namespace, b.namespace) || compare(a.key, b.key);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `now` is ISO. @throws ServedError `invalid`. */
export async function searchItems(sql: Sql, scope: Scope, now: string, options: Options): Promise<readonly Found[]> {
  const { limit, offset } = options;
  const wanted = wantedOf(scope, options);
  const path = pathOf(options.namespacePrefix);
  if (limit <= 0) return [];
  const newest = newestOf(offset + limit);
  for (const run of runsBelow(path))
    for await (const rows of slices(sql, run, scope.tenant, now))
      for (const row of rows)
        if (wanted.all || wanted.isWanted(rowOf(row))) newest.add({ namespace: row.namespace, key: row.key, updated_at: row.updated_at });
  const page = newest.sorted().slice(offset);
  return sql.read(() => readPage(scope.tenant, page, now, wanted));
}

function wantedOf({ filters }: Scope, { filter, query }: Options): Wanted {
  const tests = [filterWanted(filter), wordsWanted(query)].filter((test) => test !== undefined);
  return {
    all: tests.length === 0 && filters === undefined,
    isWanted: (item) => matchesFilters(itemDocument(item), filters) && tests.every((test) => test(item.value)),
  };
}

/** The newest of all that are added, `reach` at most. */
function newestOf(reach: number): { add(at: At): void; sorted(): readonly At[] } {
  let newest: At[] = [];
  return {
    add: (at) => {
      newest.push(at);
      if (newest.length >= 2 * reach + 100) newest = newest.toSorted(newestFirst).slice(0, reach);
      if (newest.length > 2 * MAX_REACH)
        throw new ServedError('invalid', `search: offset and limit ${reach} reach over more than ${MAX_REACH} items; ask for less`);
    },
    sorted: () => newest.toSorted(newestFirst).slice(0, reach),
  };
}

interface KeyRun {
  readonly start: string;
  readonly has: (namespace: string) => boolean;
}

/** A namespace and those below it are two runs of the primary key; others that begin alike may stand between them. */
function runsBelow(path: string): readonly KeyRun[] {
  if (path === '') return [{ start: '', has: () => true }];
  return [
    { start: path, has: (namespace) => namespace === path },
    { start: `${path}.`, has: (namespace) => namespace.startsWith(`${path}.`) },
  ];
}

async function* slices(sql: Sql, { start, has }: KeyRun, tenant: string, now: string): AsyncGenerator<readonly Row[]> {
  for (let from: { namespace: string; key: string } | undefined = { namespace: start, key: '' }; from !== undefined; ) {
    const { namespace, key } = from;
    const read: readonly Row[] = await sql.read(() =>
      some<Row>(
        `SELECT * FROM items WHERE tenant = $1 AND (namespace, key) >= ($2, $3) AND ${liveAt('$4')} ORDER BY namespace, key LIMIT ${SLICE_ROWS}`,
        [tenant, namespace, key, now],
        SLICE_CHARACTERS,
      ),
    );
    const rows = read.filter((row) => has(row.namespace));
    yield rows;
    const last = read.at(-1);
    const goesOn = last !== undefined && rows.length === read.length && isCut(read);
    from = goesOn ? { namespace: last.namespace, key: `${last.key}\0` } : undefined;
    if (from !== undefined) await setImmediate();
  }
}

/** There may be more behind it. */
const isCut = (slice: readonly Row[]): boolean =>
  slice.length === SLICE_ROWS || slice.reduce((sum, row) => sum + charactersOf(row), 0) > SLICE_CHARACTERS;

function* readPage(tenant: string, page: readonly At[], now: string, { all, isWanted }: Wanted): Transaction<readonly Found[]> {
  const measured = fitting<Row>();
  const found: Found[] = [];
  for (const { namespace, key } of page) {
    const row = yield* readItem({ tenant, path: namespace, key }, now);
    if (row === undefined) continue;
    const item = rowOf(measured(row));
    // It may have been written again since it was found.
    if (all || isWanted(item)) found.push({ row, item });
  }
  return found;
}
