/** The audit trail: append-only, chained, with its head written outside the database too. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AUDIT_ROOT, type AuditEntry, type AuditRecord, type AuditVerdict, auditBody, chainHash } from '../domain/audit.ts';
import { StopError } from '../domain/errors.ts';
import type { Audit, Clock } from '../domain/ports.ts';
import { many, one, run, type Sql, type Transaction } from './sql/transaction.ts';

interface Row {
  seq: number;
  thread_id: string;
  body: string;
  previous: string;
  hash: string;
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

export interface AuditCore {
  /** Appends inside the caller's transaction. */
  record(entries: readonly AuditEntry[]): Transaction<void>;
  /** Writes the head beside the database; after a commit. */
  anchor(): Promise<void>;
}

const LAST = 'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1';
const HASH = 'SELECT hash FROM audit WHERE seq = $1';
const INSERT = 'INSERT INTO audit (seq, thread_id, body, previous, hash) VALUES ($1, $2, $3, $4, $5)';
const READ = 'SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2';
const READ_OF = 'SELECT * FROM audit WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3';

/** Records that a verification holds at once. */
const PAGE = 1000;

export function createAudit(sql: Sql, clock: Clock, place: { readonly headFile: string; readonly database: string }): Audit & AuditCore {
  const { headFile, database } = place;
  const record = function* (entries: readonly AuditEntry[]): Transaction<void> {
    if (entries.length === 0) return;
    let { seq, hash } = yield* head();
    for (const entry of entries) {
      const body = auditBody(entry, new Date(clock.now()).toISOString());
      const previous = hash;
      seq += 1;
      hash = chainHash(previous, seq, body);
      yield* run(INSERT, [seq, entry.threadId, body, previous, hash]);
    }
  };
  const anchor = async (): Promise<void> => {
    const { last, missing } = await sql.read(() => tail(headFile));
    // The proof that something was cut is never written over by what came after the cut.
    if (missing === undefined) writeFileSync(headFile, `${last.seq} ${last.hash}\n`, { mode: 0o600 });
  };
  return {
    record,
    anchor,
    assertTail: async () => {
      const { last, missing } = await sql.read(() => tail(headFile));
      if (missing === undefined) return;
      throw new StopError(
        'STATE_TAMPERED',
        `database ${database}: ends at audit record ${last.seq} and lacks record ${missing.seq} as it was written beside it (${headFile}); it was copied without its -wal file, cut, or is older than its home. Restore a backup; or remove that file to go on with what the database has`,
      );
    },
    append: async (entry) => {
      await sql.write(() => record([entry]));
      await anchor();
    },
    read: async ({ threadId, afterSeq = 0, limit = 1_000_000 }) => {
      const rows = await sql.read(() =>
        threadId === undefined ? many<Row>(READ, [afterSeq, limit]) : many<Row>(READ_OF, [threadId, afterSeq, limit]),
      );
      return rows.map(recordOf);
    },
    verify: async () => sql.read(() => verify(headFile)),
  };
}

function* head(): Transaction<Head> {
  return (yield* one<Head>(LAST)) ?? { seq: 0, hash: AUDIT_ROOT };
}

/** The newest record, and the head that was written when the database no longer has that record as it was. */
function* tail(headFile: string): Transaction<{ last: Head; missing: Head | undefined }> {
  const last = yield* head();
  const anchored = anchorOf(headFile);
  if (anchored === undefined || anchored.seq === 0) return { last, missing: undefined };
  const found = yield* one<{ hash: string }>(HASH, [anchored.seq]);
  return { last, missing: found?.hash === anchored.hash ? undefined : anchored };
}

function* verify(headFile: string): Transaction<AuditVerdict> {
  let seq = 0;
  let previous = AUDIT_ROOT;
  const anchored = anchorOf(headFile);
  let page: readonly Row[];
  do {
    page = yield* many<Row>(READ, [seq === 0 ? Number.MIN_SAFE_INTEGER : seq, PAGE]);
    for (const row of page) {
      seq += 1;
      const problem = problemOf(row, seq, previous);
      if (problem !== undefined) return { kind: 'broken', seq, problem };
      if (anchored?.seq === seq && anchored.hash !== row.hash)
        return { kind: 'broken', seq, problem: 'it differs from the head that was written beside the database' };
      previous = row.hash;
    }
  } while (page.length === PAGE);
  if (anchored !== undefined && anchored.seq > seq)
    return { kind: 'broken', seq: seq + 1, problem: `records ${seq + 1} to ${anchored.seq} were cut off the end` };
  return { kind: 'whole', records: seq, head: previous };
}

function problemOf(row: Row, seq: number, previous: string): string | undefined {
  if (row.seq !== seq) return `the record is missing; the next one is ${row.seq}`;
  if (row.previous !== previous) return 'it does not follow the record before it';
  if (row.hash !== chainHash(previous, seq, row.body)) return 'its text was changed';
  if (parsedThread(row.body) !== row.thread_id) return 'it was moved to another thread';
  return undefined;
}

const recordOf = (row: Row): AuditRecord => ({
  ...(JSON.parse(row.body) as AuditEntry & { at: string }), // written by `record`
  seq: row.seq,
  previous: row.previous,
  hash: row.hash,
});

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
