/** Opens the one database of a home: WAL, full synchronous, migrated. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { toError, UsageError } from '../domain/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { SAVER_TABLES } from './saver/tables.ts';
import { defineDialect } from './served/dialect.ts';

export type Database = Sqlite.Database;

/** How long a statement waits for another process's write, in ms: longer than any lock of ours or of a copy of the file. */
const BUSY_MS = 15_000;
const WAL_POLL_MS = 20;

/** @throws UsageError naming the file: unreadable folder, not a database, damaged, or newer than this code. */
export function openDatabase(file: string): Database {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`home ${folder}: must be a folder that can be read and written (${toError(error).message})`);
  }
  let database: Database | undefined;
  try {
    database = new Sqlite(file, { timeout: BUSY_MS });
    enterWal(database);
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    migrate(database, file);
    keepStatements(database);
    defineDialect(database);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof UsageError) throw error;
    throw new UsageError(`database ${file}: cannot be opened (${toError(error).message}); restore it from a backup`);
  }
}

/** Statements that are kept at most; the one that was made first goes first. */
const MAX_STATEMENTS = 500;

/**
 * The same text is the same statement. One that is made for each call is freed only when the collector comes by, which does not see the
 * memory that it holds outside of the heap.
 */
function keepStatements(database: Database): void {
  const kept = new Map<string, Sqlite.Statement>();
  const make = database.prepare.bind(database);
  const prepare = (text: string): Sqlite.Statement => {
    const found = kept.get(text);
    if (found !== undefined) return found;
    const statement = make(text);
    kept.set(text, statement);
    const [oldest] = kept.keys();
    if (kept.size > MAX_STATEMENTS && oldest !== undefined) kept.delete(oldest);
    return statement;
  };
  Object.assign(database, { prepare });
}

/** SQLite does not wait for the lock that a new file's first change to WAL takes: several first processes at once must. */
function enterWal(database: Database): void {
  for (let waitedMs = 0; ; waitedMs += WAL_POLL_MS) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || waitedMs >= BUSY_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_POLL_MS);
    }
  }
}

function migrate(database: Database, file: string): void {
  const step = database.transaction(() => {
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > MIGRATIONS.length)
      throw new UsageError(`database ${file}: has schema version ${version}; this code knows ${MIGRATIONS.length}. Use a newer Governor`);
    for (const sql of MIGRATIONS.slice(version)) database.exec(sql);
    database.exec(SAVER_TABLES);
    if (version < MIGRATIONS.length) database.pragma(`user_version = ${MIGRATIONS.length}`);
  });
  step.immediate();
}
