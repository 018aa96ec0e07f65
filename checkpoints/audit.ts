/** The audit trail: append-only, chained, with its head written outside the database too. */

import { readFileSync, writeFileSync } from 'node:fs';
import { AUDIT_ROOT, type AuditEntry, type AuditRecord, auditBody, chainHash } from '../domain/audit.ts';
import { StopError } from '../domain/errors.ts';
import type { Audit, Clock } from '../domain/ports.ts';
import type { Database } from './database.ts';

interface Row {
  seq: number;
  thread_id: string;
  body: string;
  previous: string;
  hash: string;
}

export interface AuditCore {
  /** Appends inside the caller's transaction. */
  appendNow(entry: AuditEntry): void;
  /** Writes the head beside the database; after a commit. */
  anchor(): void;
}

export function createAudit(database: Database, clock: Clock, headFile: string): Audit & AuditCore {
  const last = database.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
  const insert = database.prepare('INSERT INTO audit (seq, thread_id, body, previous, hash) VALUES (?, ?, ?, ?, ?)');
  const head = (): { seq: number; hash: string } =>
    (last.get() as { seq: number; hash: string } | undefined) ?? { seq: 0, hash: AUDIT_ROOT }; // the selected columns
  const appendNow = (entry: AuditEntry): void => {
    const before = head();
    const body = auditBody(entry, new Date(clock.now()).toISOString());
    const seq = before.seq + 1;
    insert.run(seq, entry.threadId, body, before.hash, chainHash(before.hash, seq, body));
  };
  const hashOf = database.prepare('SELECT hash FROM audit WHERE seq = ?').pluck();
  /** The head that was written, when the database no longer has that record as it was. */
  const lost = (): { seq: number; hash: string } | undefined => {
    const anchored = anchorOf(headFile);
    return anchored === undefined || anchored.seq === 0 || hashOf.get(anchored.seq) === anchored.hash ? undefined : anchored;
  };
  const anchor = (): void => {
    // The proof that something was cut is never written over by what came after the cut.
    if (lost() !== undefined) return;
    const { seq, hash } = head();
    writeFileSync(headFile, `${seq} ${hash}\n`, { mode: 0o600 });
  };
  const assertTail = async (): Promise<void> => {
    const anchored = lost();
    if (anchored === undefined) return;
    throw new StopError(
      'STATE_TAMPERED',
      `database ${database.name}: ends at audit record ${head().seq} and lacks record ${anchored.seq} as it was written beside it (${headFile}); it was copied without its -wal file, cut, or is older than its home. Restore a backup; or remove that file to go on with what the database has`,
    );
  };
  const append = database.transaction(appendNow);
  return {
    appendNow,
    anchor,
    assertTail,
    append: async (entry) => {
      append.immediate(entry);
      anchor();
    },
    read: async ({ threadId, afterSeq = 0, limit = 1_000_000 }) => {
      const rows = (
        threadId === undefined
          ? database.prepare('SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?').all(afterSeq, limit)
          : database.prepare('SELECT * FROM audit WHERE thread_id = ? AND seq > ? ORDER BY seq LIMIT ?').all(threadId, afterSeq, limit)
      ) as Row[]; // the table's columns
      return rows.map(
        (row) =>
          ({
            ...(JSON.parse(row.body) as AuditEntry & { at: string }),
            seq: row.seq,
            previous: row.previous,
            hash: row.hash,
          }) satisfies AuditRecord,
      ); // written by `appendNow`
    },
    verify: async () => {
      let seq = 0;
      let previous = AUDIT_ROOT;
      const anchored = anchorOf(headFile);
      for (const row of database.prepare('SELECT * FROM audit ORDER BY seq').iterate() as IterableIterator<Row>) {
        // the table's columns
        seq += 1;
        if (row.seq !== seq) return { kind: 'broken', seq, problem: `the record is missing; the next one is ${row.seq}` };
        if (row.previous !== previous) return { kind: 'broken', seq, problem: 'it does not follow the record before it' };
        if (row.hash !== chainHash(previous, seq, row.body)) return { kind: 'broken', seq, problem: 'its text was changed' };
        if (parsedThread(row.body) !== row.thread_id) return { kind: 'broken', seq, problem: 'it was moved to another thread' };
        if (anchored?.seq === seq && anchored.hash !== row.hash)
          return { kind: 'broken', seq, problem: 'it differs from the head that was written beside the database' };
        previous = row.hash;
      }
      if (anchored !== undefined && anchored.seq > seq)
        return { kind: 'broken', seq: seq + 1, problem: `records ${seq + 1} to ${anchored.seq} were cut off the end` };
      return { kind: 'whole', records: seq, head: previous };
    },
  };
}

function parsedThread(body: string): unknown {
  try {
    return (JSON.parse(body) as { threadId?: unknown }).threadId; // any JSON object
  } catch {
    return undefined;
  }
}

function anchorOf(file: string): { seq: number; hash: string } | undefined {
  try {
    // A process that died while it wrote leaves an empty or half a line, which proves nothing.
    const [, seq, hash] = /^(\d+) ([0-9a-f]{64})\s*$/.exec(readFileSync(file, 'utf8')) ?? [];
    return hash === undefined ? undefined : { seq: Number(seq), hash };
  } catch {
    return undefined;
  }
}
