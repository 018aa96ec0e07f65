/** The governor's own stores on one port to SQL, whatever database is behind it. */
import type { Approvals, Attempts, Audit, Clock, Effects, Ledger, Runs, Transcripts } from '../domain/ports.ts';
import { createApprovals } from './approvals.ts';
import { createAttempts } from './attempts.ts';
import { type AuditPlace, createAudit } from './audit/audit.ts';
import { createJournal } from './journal.ts';
import { createLedger } from './ledger.ts';
import { createRuns } from './runs.ts';
import { run, type Sql, type Transaction } from './sql/transaction.ts';
import { createTranscripts } from './transcripts.ts';

export interface CoreStores {
  readonly runs: Runs;
  readonly attempts: Attempts;
  readonly effects: Effects;
  readonly ledger: Ledger;
  readonly transcripts: Transcripts;
  readonly approvals: Approvals;
  readonly audit: Audit;
}

export function createCore({ sql, relaxed }: { sql: Sql; relaxed: Sql }, clock: Clock, place: AuditPlace): CoreStores {
  const audit = createAudit(sql, clock, place);
  const transcripts = createTranscripts(sql);
  return {
    runs: createRuns(sql, clock),
    attempts: createAttempts(sql),
    effects: createJournal({ sql, relaxed }, { audit, transcripts }),
    ledger: createLedger(sql),
    transcripts,
    approvals: createApprovals(sql, clock, audit),
    audit,
  };
}

/** Deletes calls and transcripts of a thread. What was done to the outside may still be undone, and a half-done rollback is found by its intent. */
export function* pruneCore(threadId: string): Transaction<void> {
  yield* run("DELETE FROM effects WHERE thread_id = $1 AND kind IN ('model', 'tool')", [threadId]);
  yield* run('DELETE FROM transcripts WHERE thread_id = $1', [threadId]);
}
