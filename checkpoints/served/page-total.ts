/** How many rows a listing has, told beside one page of it: exact where that is cheap, else a number that is surely reached. */
import { COUNT_CAP, PAGE_COUNT_CAP } from '../../domain/served.ts';
import type { Transaction } from '../sql/transaction.ts';

interface Shown {
  readonly offset: number;
  readonly rows: number;
  /** There are rows behind this page. */
  readonly more: boolean;
}

/** `count` counts the rows of all pages, up to so many. */
export function* totalOf({ offset, rows, more }: Shown, count: (most: number) => Transaction<number>): Transaction<number> {
  const end = offset + rows;
  if (!more && (rows > 0 || offset === 0)) return end;
  // Behind the last row: the search has just walked past so many.
  if (!more) return yield* count(Math.min(offset, COUNT_CAP));
  return end >= PAGE_COUNT_CAP ? end + 1 : Math.max(yield* count(PAGE_COUNT_CAP), end + 1);
}
