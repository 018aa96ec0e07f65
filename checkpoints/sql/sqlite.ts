/** Drives transactions on SQLite: synchronously, each in one transaction of this connection. */
import type { Statement as PreparedStatement } from 'better-sqlite3';
import type { Database } from '../database.ts';
import { type Answer, charactersOf, type SqlValue, type Statement } from './statement.ts';
import type { Sql, Transaction } from './transaction.ts';

/** The answer is there when the call returns. */
export interface SqliteSql extends Sql {
  read<Result>(make: () => Transaction<Result>): Result;
  /** Begins at once as a writer (`BEGIN IMMEDIATE`). Inside an open transaction of the connection it joins that one, as a savepoint. */
  write<Result>(make: () => Transaction<Result>): Result;
}

interface Prepared {
  readonly statement: PreparedStatement<SqlValue[]>;
  /** For each `?`, which parameter it takes; undefined where that is just their order. */
  readonly order: readonly number[] | undefined;
}

/** Texts that are kept at most; the one that came first goes first. */
const MAX_KEPT = 500;
const NO_ROWS: readonly unknown[] = [];
const NO_PARAMETERS: readonly SqlValue[] = [];

/**
 * `relaxed`: a commit of this driver survives the process, not a power cut; the next synced one takes it along, since all of a file share
 * one log, in order.
 */
export function sqliteSql(database: Database, commits: 'synced' | 'relaxed' = 'synced'): SqliteSql {
  const kept = new Map<string, Prepared>();
  const prepared = (sql: string): Prepared => {
    const found = kept.get(sql);
    if (found !== undefined) return found;
    const { text, order } = rewritten(sql);
    const made = { statement: database.prepare<SqlValue[]>(text), order };
    kept.set(sql, made);
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    return made;
  };
  const execute = ([sql, parameters = NO_PARAMETERS, mostCharacters]: Statement): Answer => {
    const { statement, order } = prepared(sql);
    const values = order === undefined ? parameters : order.map((index) => parameters[index] as SqlValue); // too few are refused by the binding
    if (!statement.reader) return { rows: NO_ROWS, changes: statement.run(...values).changes };
    const rows = mostCharacters === undefined ? statement.all(...values) : whileFitting(statement.iterate(...values), mostCharacters);
    return { rows, changes: statement.readonly ? 0 : rows.length };
  };
  const drive = (make: () => Transaction<unknown>): unknown => {
    const transaction = make();
    let step = transaction.next();
    while (step.done !== true) {
      let answer: Answer;
      try {
        answer = execute(step.value);
      } catch (error) {
        step = transaction.throw(error);
        continue;
      }
      step = transaction.next(answer);
    }
    return step.value;
  };
  // Built once: making a wrapper costs as much as a statement.
  const transact = database.transaction(drive);
  const write = (make: () => Transaction<unknown>): unknown => transact.immediate(make);
  const goOn = new Set<string>();
  /** One statement sees one moment by itself, and is spared BEGIN and COMMIT. A transaction that goes on is begun again, as one. */
  const read = (make: () => Transaction<unknown>): unknown => {
    const transaction = make();
    const first = transaction.next();
    if (first.done === true) return first.value;
    const [text] = first.value;
    if (database.inTransaction || goOn.has(text)) return transact.deferred(make);
    const second = transaction.next(execute(first.value));
    if (second.done === true) return second.value;
    if (goOn.size < MAX_KEPT) goOn.add(text);
    return transact.deferred(make);
  };
  return {
    read: <Result>(make: () => Transaction<Result>) => read(make) as Result, // what `make` returned
    write: <Result>(make: () => Transaction<Result>) =>
      (commits === 'synced' ? write(make) : relaxed(database, () => write(make))) as Result, // what `make` returned
  };
}

/** SQLite takes the pragma when it is compiled, so it is not prepared; inside a transaction it would be refused. */
function relaxed<Result>(database: Database, work: () => Result): Result {
  if (database.inTransaction) return work();
  database.exec('PRAGMA synchronous = NORMAL');
  try {
    return work();
  } finally {
    database.exec('PRAGMA synchronous = FULL');
  }
}

function whileFitting(rows: Iterable<unknown>, mostCharacters: number): readonly unknown[] {
  const read: unknown[] = [];
  let length = 0;
  for (const row of rows) {
    read.push(row);
    length += charactersOf(row as object); // rows are objects
    if (length > mostCharacters && read.length > 1) break;
  }
  return read;
}

/**
 * `$2, $1, $2` as `?, ?, ?` with the order of parameters: better-sqlite3 takes numbered ones only by name, which is slower. A LIMIT hides
 * its parameter from the planner, which would look at the value, and compile the statement again for each call.
 */
function rewritten(sql: string): { text: string; order: readonly number[] | undefined } {
  const order: number[] = [];
  const text = sql.replace(/(\bLIMIT )?\$(\d+)/g, (_, limit: string | undefined, number: string) => {
    order.push(Number(number) - 1);
    return limit === undefined ? '?' : 'LIMIT CAST(? AS INTEGER)';
  });
  return { text, order: order.every((index, place) => index === place) ? undefined : order };
}
