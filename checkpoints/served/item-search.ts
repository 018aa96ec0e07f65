/** Finds items below a namespace in slices, so that a search through very many holds up nobody else. */
import { setImmediate } from 'node:timers/promises';
import type { ItemRow, Items } from '../../domain/items.ts';
import { type Scope, ServedError } from '../../domain/served.ts';
import { charactersOf } from '../sql/statement.ts';
import { type Sql, some, type Transaction } from '../sql/transaction.ts';
import { conditions } from './conditions.ts';
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
  const visit = (row: Row): void => {
    if (wanted.all || wanted.isWanted(rowOf(row))) newest.add({ namespace: row.namespace, key: row.key, updated_at: row.updated_at });
  };
  for (const keys of runsBelow(path)) await scan(sql, { keys, tenant: scope.tenant, now }, visit);
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

/** Keys that follow each other in the primary key. */
interface KeyRun {
  readonly start: string;
  /** Undefined: to the last one. */
  readonly end?: { readonly sign: '<' | '<='; readonly namespace: string };
}

/** A namespace and those below it are two runs; others that begin alike may stand between them. */
function runsBelow(path: string): readonly KeyRun[] {
  if (path === '') return [{ start: '' }];
  // '/' follows '.': behind everything below it.
  return [
    { start: path, end: { sign: '<=', namespace: path } },
    { start: `${path}.`, end: { sign: '<', namespace: `${path}/` } },
  ];
}

interface Scanned {
  readonly keys: KeyRun;
  readonly tenant: string;
  readonly now: string;
}

async function scan(sql: Sql, { keys, tenant, now }: Scanned, visit: (row: Row) => void): Promise<void> {
  for (let last: Row | undefined, goesOn = true; goesOn; ) {
    const asked = conditions();
    asked.add('tenant = ?', tenant);
    asked.add(`(namespace, key) ${last === undefined ? '>=' : '>'} (?, ?)`, last?.namespace ?? keys.start, last?.key ?? '');
    if (keys.end !== undefined) asked.add(`namespace ${keys.end.sign} ?`, keys.end.namespace);
    asked.add(liveAt('?'), now);
    const text = `SELECT * FROM items WHERE ${asked.where.join(' AND ')} ORDER BY namespace, key LIMIT ${SLICE_ROWS}`;
    const rows = await sql.read(() => some<Row>(text, asked.parameters, SLICE_CHARACTERS));
    rows.forEach(visit);
    last = rows.at(-1);
    goesOn = isCut(rows);
    if (goesOn) await setImmediate();
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
