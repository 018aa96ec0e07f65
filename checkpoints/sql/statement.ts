/** A statement as a value: what a store asks of its database, and what the database answers. */

export type SqlValue = string | number | bigint | null | Uint8Array;

/**
 * Text and parameters. A parameter is `$1`, `$2`, ... and may stand more than once: Postgres takes the text as it is, the SQLite driver
 * rewrites it once a text. The text is a constant or made of a few known pieces, never of values: a driver keeps what it prepared by it.
 *
 * Both databases must take the same text, so it has no `rowid`, no `INSERT OR ...` (`ON CONFLICT` instead), no function but the
 * standard's aggregates, `COALESCE`, `CAST` and what `served/dialect.ts` defines; a sub-select in FROM has a name; a column that is set
 * from itself on conflict is named with its table; truth is 0 or 1, also where it is selected; a sum is cast to BIGINT; text is compared
 * and ordered by its bytes (`BINARY`, `COLLATE "C"`).
 *
 * With `mostCharacters` no more rows are read once those before are longer, in characters of text and bytes of blobs: the row that passes
 * it is the last one, but never the first.
 *
 * @example ['UPDATE runs SET cancel_requested = $1 WHERE thread_id = $2', [1, threadId]]
 */
export type Statement = readonly [sql: string, parameters?: readonly SqlValue[], mostCharacters?: number];

/** How much of `mostCharacters` a row takes. */
export function charactersOf(row: object): number {
  let length = 0;
  const columns = row as Readonly<Record<string, unknown>>; // a row has nothing else
  for (const name in columns) {
    const value = columns[name];
    if (typeof value === 'string' || value instanceof Uint8Array) length += value.length;
  }
  return length;
}

/** Whole numbers come as `number`: none of ours leaves the safe range. */
export interface Answer {
  /** Of a SELECT, or of a RETURNING. */
  readonly rows: readonly unknown[];
  /** Rows that were inserted, updated or deleted. */
  readonly changes: number;
}
