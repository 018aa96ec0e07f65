/** A transaction as a generator: it yields statements, is given answers, and knows no driver. */
import type { Answer, SqlValue, Statement } from './statement.ts';

/**
 * Runs as a whole or not at all. Pieces compose by `yield*`. A statement that fails throws where it was yielded; nothing may be yielded
 * after that, since Postgres ends a transaction at its first error. A driver may run one again from its start: it has no effect but its
 * statements.
 *
 * @example
 * function* rename(threadId: string, name: string): Transaction<boolean> {
 *   const found = yield* one<{ name: string }>('SELECT name FROM threads WHERE thread_id = $1', [threadId]);
 *   if (found === undefined || found.name === name) return false;
 *   return (yield* run('UPDATE threads SET name = $1 WHERE thread_id = $2', [name, threadId])) === 1;
 * }
 */
export type Transaction<Result> = Generator<Statement, Result, Answer>;

/** What stores are built on. Of one database there are two: of one a commit is synced, of the other it is relaxed. */
export interface Sql {
  /** All statements see the database as of one moment. Nothing may be written. */
  read<Result>(make: () => Transaction<Result>): Result | Promise<Result>;
  /**
   * As if no other write happened at the same time. An error rolls all of it back and is thrown on. Synced: on the disk when it returns.
   * Relaxed: it survives the death of the process, and a power cut with the next synced commit; for what can be done again.
   */
  write<Result>(make: () => Transaction<Result>): Result | Promise<Result>;
}

/** The first row. `Row` names the selected columns. */
export function* one<Row>(sql: string, parameters?: readonly SqlValue[]): Transaction<Row | undefined> {
  const { rows } = yield parameters === undefined ? [sql] : [sql, parameters];
  return rows[0] as Row | undefined; // the selected columns
}

/** All rows. `Row` names the selected columns. */
export function* many<Row>(sql: string, parameters?: readonly SqlValue[]): Transaction<readonly Row[]> {
  const { rows } = yield parameters === undefined ? [sql] : [sql, parameters];
  return rows as readonly Row[]; // the selected columns
}

/** Rows while the ones before are at most so long: see `Statement`. `Row` names the selected columns. */
export function* some<Row>(sql: string, parameters: readonly SqlValue[], mostCharacters: number): Transaction<readonly Row[]> {
  const { rows } = yield [sql, parameters, mostCharacters];
  return rows as readonly Row[]; // the selected columns
}

/** How many rows were changed. */
export function* run(sql: string, parameters?: readonly SqlValue[]): Transaction<number> {
  const { changes } = yield parameters === undefined ? [sql] : [sql, parameters];
  return changes;
}
