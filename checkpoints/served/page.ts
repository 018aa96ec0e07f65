/** One page of a listing, told from the rows behind it. */
import type { Page } from '../../domain/served.ts';
import type { SqlValue } from '../sql/statement.ts';
import { some, type Transaction } from '../sql/transaction.ts';
import { fitting, MAX_PAGE_LENGTH } from './page-limit.ts';
import { totalOf } from './page-total.ts';

interface Listing<Row, Item> {
  /** Ends before its LIMIT and OFFSET. */
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  readonly limit: number;
  readonly offset: number;
  readonly shown: (row: Row) => Item;
  /** Counts all rows, up to so many. */
  readonly count: (most: number) => Transaction<number>;
}

/** @throws ServedError `invalid` when the rows are longer than an answer may be. */
export function* pageOf<Row extends object, Item>(listing: Listing<Row, Item>): Transaction<Page<Item>> {
  const { sql, parameters, limit, offset, shown, count } = listing;
  const place = parameters.length;
  // One row more tells whether there is a next page.
  const read = yield* some<Row>(`${sql} LIMIT $${place + 1} OFFSET $${place + 2}`, [...parameters, limit + 1, offset], MAX_PAGE_LENGTH);
  const more = read.length > limit;
  const rows = read.slice(0, limit).map(fitting());
  const total = yield* totalOf({ offset, rows: rows.length, more }, count);
  return { rows: rows.map(shown), total, next: more ? offset + limit : null };
}
