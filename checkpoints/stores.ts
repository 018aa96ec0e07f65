/** Opens every store of a home on one database; another backend is another branch here. */
import { join } from 'node:path';
import type { Approvals, Attempts, Audit, Clock, Dossier, Effects, Ledger, Runs, Transcripts } from '../domain/ports.ts';
import type { Served } from '../domain/server-stores.ts';
import { createApprovals } from './approvals.ts';
import { createAttempts } from './attempts.ts';
import { createAudit } from './audit/audit.ts';
import { createHeadFile } from './audit/head-file.ts';
import { backupHome } from './backup.ts';
import { type Database, openDatabase } from './database.ts';
import { createDossier } from './dossier.ts';
import { createJournal } from './journal.ts';
import { createLedger } from './ledger.ts';
import { createRuns } from './runs.ts';
import type { GuardedSaver } from './saver/guarded-saver.ts';
import { guardedSqliteSaver } from './saver/sqlite-saver.ts';
import { createServed, createServedSaver } from './served/index.ts';
import { type Truncated, truncateServed } from './served/truncate.ts';
import { sqliteSql } from './sql/sqlite.ts';
import { run, type Sql, type Transaction } from './sql/transaction.ts';
import { createTranscripts } from './transcripts.ts';

export interface Stores {
  readonly runs: Runs;
  readonly attempts: Attempts;
  readonly effects: Effects;
  readonly ledger: Ledger;
  readonly transcripts: Transcripts;
  readonly approvals: Approvals;
  readonly audit: Audit;
  readonly dossier: Dossier;
  readonly saver: GuardedSaver;
  /** What the LangGraph server keeps. */
  readonly served: Served;
  /** The saver of its graphs. */
  readonly servedSaver: GuardedSaver;
  /** Deletes checkpoints, calls and transcripts of an ended thread; never releases, approvals, audit, ledger or dossier. */
  prune(threadId: string): Promise<void>;
  /** Empties what the server keeps, but system assistants and governed runs. For conformance tests. */
  truncate(what: Truncated): Promise<void>;
  backup(file: string): Promise<{ bytes: number }>;
  close(): void;
}

/** @throws UsageError naming home or database file. */
export async function openStores(options: { home: string; clock: Clock }): Promise<Stores> {
  const { home, clock } = options;
  const database = openDatabase(join(home, 'governor.sqlite'));
  const sql: Sql = sqliteSql(database);
  const head = createHeadFile(join(home, 'audit.head'));
  const audit = createAudit(sql, clock, { head, database: database.name });
  const saver = guardedSqliteSaver(database);
  // Only a server needs them. What a run of any graph writes on its way is given again after a power cut, from its last full commit.
  let quick: Database | undefined;
  let served: Served | undefined;
  let servedSaver: GuardedSaver | undefined;
  const quickly = (): Database => {
    quick ??= openDatabase(join(home, 'governor.sqlite'), 'NORMAL');
    return quick;
  };
  return {
    runs: createRuns(sql, clock),
    attempts: createAttempts(sql),
    effects: createJournal(sql, audit),
    ledger: createLedger(sql),
    transcripts: createTranscripts(sql),
    approvals: createApprovals(sql, clock, audit),
    audit,
    dossier: createDossier(join(home, 'runs')),
    saver,
    get served() {
      served ??= createServed(sql, sqliteSql(quickly()), clock);
      return served;
    },
    get servedSaver() {
      servedSaver ??= createServedSaver(quickly());
      return servedSaver;
    },
    prune: async (threadId) => {
      await saver.deleteThread(threadId);
      await sql.write(() => prune(threadId));
    },
    truncate: async (what) => sql.write(() => truncateServed(what)),
    backup: (file) => backupHome(database, home, file),
    close: () => {
      saver.close();
      servedSaver?.close();
      head.close();
      quick?.close();
      database.close();
    },
  };
}

function* prune(threadId: string): Transaction<void> {
  // What was done to the outside may still be undone, and a half-done rollback is found by its intent.
  yield* run("DELETE FROM effects WHERE thread_id = $1 AND kind IN ('model', 'tool')", [threadId]);
  yield* run('DELETE FROM transcripts WHERE thread_id = $1', [threadId]);
}
