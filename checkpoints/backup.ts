/** A consistent copy of database and dossiers in one file, and the way back. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { UsageError } from '../domain/errors.ts';
import type { Database } from './database.ts';

/** Writes one SQLite file: the database as of one moment, and every dossier file in the table `backup_files`. */
export async function backupHome(database: Database, home: string, file: string): Promise<{ bytes: number }> {
  const target = resolve(file);
  if (existsSync(target)) throw new UsageError(`backup ${target}: exists already; name a new file`);
  if (!existsSync(dirname(target))) throw new UsageError(`backup ${target}: its folder does not exist`);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
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
  if (existsSync(join(home, 'governor.sqlite'))) throw new UsageError(`home ${home}: holds a database already; restore into a new one`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const target = join(home, 'governor.sqlite');
  // The database comes last: a home that was restored by half has none.
  const temporary = `${target}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  const copy = new Sqlite(file, { readonly: true, fileMustExist: true });
  try {
    const table = copy.prepare("SELECT 1 FROM sqlite_master WHERE name = 'backup_files'").get();
    if (table === undefined) throw new UsageError(`backup ${file}: is not a backup made by "governor backup"`);
    for (const row of copy.prepare('SELECT path, bytes FROM backup_files').iterate() as IterableIterator<{ path: string; bytes: Buffer }>) {
      // the selected columns
      const place = resolve(home, row.path);
      if (!place.startsWith(`${resolve(home)}/`)) throw new UsageError(`backup ${file}: path ${JSON.stringify(row.path)} leaves the home`);
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      writeFileSync(place, row.bytes, { mode: 0o600 });
    }
    copy.prepare('VACUUM INTO ?').run(temporary);
  } finally {
    copy.close();
  }
  const restored = new Sqlite(temporary);
  try {
    restored.exec('DROP TABLE backup_files');
    // The head beside the database is the copy's own: the files were read a moment after it.
    const head = restored.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get() as
      | { seq: number; hash: string }
      | undefined; // the selected columns
    if (head !== undefined) writeFileSync(join(home, 'audit.head'), `${head.seq} ${head.hash}\n`, { mode: 0o600 });
  } finally {
    restored.close();
  }
  renameSync(temporary, target);
}

function filesOf(home: string): string[] {
  const runs = join(home, 'runs');
  const files = ['operator.yaml'].filter((name) => existsSync(join(home, name)));
  if (!existsSync(runs)) return files;
  const inside = readdirSync(runs, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.tmp'),
  );
  return [...files, ...inside.map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))];
}
