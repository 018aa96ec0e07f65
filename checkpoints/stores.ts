/** Opens every store of a home on one database; another backend is another branch here. */
import { join } from 'node:path';
import type { Clock, Dossier } from '../domain/ports.ts';
import type { Served } from '../domain/server-stores.ts';
import { createHeadFile } from './audit/head-file.ts';
import { createSigner } from './audit/signer.ts';
import { createSink } from './audit/sink.ts';
import { backupHome } from './backup.ts';
import { type CoreStores, createCore, pruneCore } from './core.ts';
import { openDatabase } from './database.ts';
import { createDossier } from './dossier.ts';
import type { AssertFence, GuardedSaver } from './saver/guarded-saver.ts';
import { assertHeld } from './served/assert-held.ts';
import { createServed } from './served/index.ts';
import { type Truncated, truncateServed } from './served/truncate.ts';
import { sqliteSql } from './sql/sqlite.ts';
import type { Sql } from './sql/transaction.ts';

export interface Stores extends CoreStores {
  readonly dossier: Dossier;
  /** The saver of the governor's graph. LangGraph is loaded with it, by whoever asks first. */
  readonly saver: () => Promise<GuardedSaver>;
  /** What the LangGraph server keeps. */
  readonly served: Served;
  /** The saver of its graphs. */
  readonly servedSaver: () => Promise<GuardedSaver>;
  /** Deletes checkpoints, calls and transcripts of an ended thread; never releases, approvals, audit, ledger or dossier. */
  prune(threadId: string): Promise<void>;
  /** Empties what the server keeps, but system assistants and governed runs. For conformance tests. */
  truncate(what: Truncated): Promise<void>;
  backup(file: string): Promise<{ bytes: number }>;
  close(): void;
}

export interface StoresOptions {
  readonly home: string;
  readonly clock: Clock;
  /** Seals of the audit trail are signed with it; it is kept outside the home. */
  readonly auditKey?: string | undefined;
  /** A file outside the home that heads of the trail are appended to. */
  readonly auditHeads?: string | undefined;
}

/** @throws UsageError naming home or database file. */
export async function openStores({ home, clock, auditKey, auditHeads }: StoresOptions): Promise<Stores> {
  const database = openDatabase(join(home, 'governor.sqlite'));
  const sql: Sql = sqliteSql(database);
  const relaxed: Sql = sqliteSql(database, 'relaxed');
  const head = createHeadFile(join(home, 'audit.head'));
  const opened: GuardedSaver[] = [];
  const saverOf = (fence?: AssertFence) =>
    once(async () => {
      const { guardedSqliteSaver } = await import('./saver/sqlite-saver.ts');
      const saver = guardedSqliteSaver(database, fence);
      opened.push(saver);
      return saver;
    });
  const saver = saverOf();
  // Only a server needs them.
  let served: Served | undefined;
  const servedSaver = saverOf(assertHeld);
  return {
    ...createCore({ sql, relaxed }, clock, {
      head,
      database: database.name,
      signer: auditKey === undefined ? undefined : createSigner(auditKey),
      sink: auditHeads === undefined ? undefined : createSink(auditHeads),
    }),
    dossier: createDossier(join(home, 'runs')),
    saver,
    get served() {
      served ??= createServed(sql, relaxed, clock);
      return served;
    },
    servedSaver,
    prune: async (threadId) => {
      await (await saver()).deleteThread(threadId);
      await sql.write(() => pruneCore(threadId));
    },
    truncate: async (what) => sql.write(() => truncateServed(what)),
    backup: (file) => backupHome(database, home, file),
    close: () => {
      for (const one of opened) one.close();
      head.close();
      database.close();
    },
  };
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
