/** A consistent copy of database and dossiers in one file, and the way back. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { toError, UsageError } from '../domain/errors.ts';
import { type Head, headLine } from './audit/head-file.ts';
import type { Database } from './database.ts';

/** Writes one SQLite file: the database as of one moment, and every dossier file in the table `backup_files`. */
export async function backupHome(database: Database, home: string, file: string): Promise<{ bytes: number }> {
  const target = resolve(file);
  if (existsSync(target)) throw new UsageError(`backup ${target}: exists already; name a new file`);
  if (!existsSync(dirname(target))) throw new UsageError(`backup ${target}: its folder does not exist`);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    // It holds all that the home holds, which nobody but its owner may read.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, '', { mode: 0o600, flag: 'wx' });
    database.prepare('VACUUM INTO ?').run(temporary);
    const copy = new Sqlite(temporary);
    try {
      copy.exec('CREATE TABLE backup_files (path TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT');
      const insert = copy.prepare('INSERT INTO backup_files (path, bytes) VALUES (?, ?)');
      copy.transaction(() => {
        for (const path of filesOf(home)) insert.run(path, readFileSync(join(home, path)));
      })();
    } finally {
      copy.close();
    }
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  return { bytes: statSync(target).size };
}

/** Restores a backup into an empty home. @throws UsageError when the home is in use or the file is no backup. */
export function restoreHome(file: string, home: string): void {
  // A log left beside a database that is gone would be played into the restored one.
  for (const name of ['governor.sqlite', 'governor.sqlite-wal', 'governor.sqlite-shm', 'governor.sqlite-journal'])
    if (existsSync(join(home, name))) throw new UsageError(`home ${home}: holds ${name} already; restore into a new one`);
  const copy = openBackup(file);
  const target = join(home, 'governor.sqlite');
  // The database comes last: a home that was restored by half has none.
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    for (const row of copy.prepare('SELECT path, bytes FROM backup_files').iterate() as IterableIterator<{ path: string; bytes: Buffer }>) {
      // the selected columns
      const place = resolve(home, row.path);
      if (!place.startsWith(`${resolve(home)}/`)) throw new UsageError(`backup ${file}: path ${JSON.stringify(row.path)} leaves the home`);
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      writeFileSync(place, row.bytes, { mode: 0o600 });
    }
    rmSync(temporary, { force: true });
    writeFileSync(temporary, '', { mode: 0o600, flag: 'wx' });
    copy.prepare('VACUUM INTO ?').run(temporary);
    const head = finish(temporary);
    // The head beside the database is the copy's own: the files were read a moment after it.
    if (head === undefined) rmSync(join(home, 'audit.head'), { force: true });
    else writeFileSync(join(home, 'audit.head'), headLine(head), { mode: 0o600 });
    renameSync(temporary, target);
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) throw new UsageError(`backup ${file}: is damaged (${error.message})`);
    throw error;
  } finally {
    copy.close();
    rmSync(temporary, { force: true });
  }
}

/** Takes the files out of the restored database; what its audit trail comes to. */
function finish(file: string): Head | undefined {
  const restored = new Sqlite(file);
  try {
    restored.exec('DROP TABLE backup_files');
    // A backup of the first schemas has no seals, nor has one that was made before anything new was recorded.
    const sealed = hasTable(restored, 'audit_seals')
      ? restored.prepare('SELECT seq, hash FROM audit_seals ORDER BY number DESC LIMIT 1').get()
      : undefined;
    return (sealed ?? restored.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get()) as Head | undefined; // the selected columns
  } finally {
    restored.close();
  }
}

function openBackup(file: string): Database {
  let copy: Database | undefined;
  try {
    copy = new Sqlite(file, { readonly: true, fileMustExist: true });
    if (hasTable(copy, 'backup_files')) return copy;
  } catch (error) {
    copy?.close();
    throw new UsageError(`backup ${file}: cannot be read (${toError(error).message})`);
  }
  copy.close();
  throw new UsageError(`backup ${file}: is not a backup made by "governor backup"`);
}

const hasTable = (database: Database, name: string): boolean =>
  database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(name) !== undefined;

function filesOf(home: string): string[] {
  const runs = join(home, 'runs');
  const files = ['operator.yaml'].filter((name) => existsSync(join(home, name)));
  if (!existsSync(runs)) return files;
  const inside = readdirSync(runs, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.tmp'),
  );
  return [...files, ...inside.map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))];
}
