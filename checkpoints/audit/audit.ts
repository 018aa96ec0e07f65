/** The audit trail: append-only, a chain a thread, their heads sealed into one chain, its head written outside the database too. */
import {
  AUDIT_ROOT,
  type AuditEntry,
  type AuditRecord,
  type AuditSeal,
  auditBody,
  chainHash,
  sealHash,
  threadRoot,
} from '../../domain/audit.ts';
import { StopError } from '../../domain/errors.ts';
import type { Audit, Clock } from '../../domain/ports.ts';
import { many, one, run, type Sql, type Transaction } from '../sql/transaction.ts';
import type { Head, HeadFile } from './head-file.ts';
import { READ, type RecordRow, verify } from './verify.ts';

export interface AuditCore {
  /** Appends inside the caller's transaction. */
  record(entries: readonly AuditEntry[]): Transaction<void>;
  /** Writes the head beside the database; after a commit. */
  anchor(): Promise<void>;
}

const END = 'SELECT COALESCE(MAX(seq), 0) AS seq FROM audit';
const TAIL = 'SELECT number, hash FROM audit WHERE thread_id = $1 ORDER BY seq DESC LIMIT 1';
const INSERT = 'INSERT INTO audit (seq, thread_id, number, body, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)';
const SEALED = 'SELECT number, seq, hash FROM audit_seals ORDER BY number DESC LIMIT 1';
const SEAL = 'INSERT INTO audit_seals (number, seq, thread_id, records, head, hash) VALUES ($1, $2, $3, $4, $5, $6)';
const ONE_CHAIN = 'SELECT seq, hash FROM audit WHERE number IS NULL ORDER BY seq DESC LIMIT 1';
const STANDS = `SELECT r.seq FROM audit r JOIN audit_seals s ON s.seq = r.seq AND s.head = r.hash WHERE r.seq = $1 AND s.hash = $2
  UNION ALL SELECT o.seq FROM audit o WHERE o.seq = $1 AND o.hash = $2`;
const READ_OF = 'SELECT * FROM audit WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3';

/** Most records of one reading. */
const MOST = 1_000_000;

/** `database` is how messages name it. */
export function createAudit(sql: Sql, clock: Clock, place: { readonly head: HeadFile; readonly database: string }): Audit & AuditCore {
  const { head, database } = place;
  const record = (entries: readonly AuditEntry[]): Transaction<void> => append(entries, new Date(clock.now()).toISOString());
  const anchor = async (): Promise<void> => {
    const tail = await sql.read(() => tailOf(head.read()));
    // The proof that something was cut is never written over by what came after the cut.
    if (tail.missing === undefined) head.write(tail.sealed);
  };
  return {
    record,
    anchor,
    assertTail: async () => {
      const { last, missing } = await sql.read(() => tailOf(head.read()));
      if (missing === undefined) return;
      throw new StopError(
        'STATE_TAMPERED',
        `database ${database}: ends at audit record ${last} and lacks record ${missing.seq} as it was written beside it (${head.path}); it was copied without its -wal file, cut, or is older than its home. Restore a backup; or remove that file to go on with what the database has`,
      );
    },
    append: async (entry, allowed) => {
      await sql.write(function* () {
        if (allowed !== undefined) allowed.by((yield* many<RecordRow>(READ_OF, [entry.threadId, allowed.afterSeq, MOST])).map(recordOf));
        yield* record([entry]);
      });
      await anchor();
    },
    read: async ({ threadId, afterSeq = 0, limit = MOST }) => {
      const rows = await sql.read(() =>
        threadId === undefined ? many<RecordRow>(READ, [afterSeq, limit]) : many<RecordRow>(READ_OF, [threadId, afterSeq, limit]),
      );
      return rows.map(recordOf);
    },
    verify: async () => sql.read(() => verify(head.read())),
  };
}

function* append(entries: readonly AuditEntry[], at: string): Transaction<void> {
  for (let from = 0; from < entries.length; ) {
    const threadId = entries[from]?.threadId ?? '';
    const next = entries.findIndex((entry, index) => index > from && entry.threadId !== threadId);
    const to = next === -1 ? entries.length : next;
    const bodies = entries.slice(from, to).map((entry) => auditBody(entry, at));
    yield* seal(yield* chain(threadId, bodies));
    from = to;
  }
}

/** Appends to the chain of one thread; what is to be sealed of it. */
function* chain(threadId: string, bodies: readonly string[]): Transaction<AuditSeal> {
  let seq = (yield* one<{ seq: number }>(END))?.seq ?? 0;
  const tail = yield* one<{ number: number | null; hash: string }>(TAIL, [threadId]);
  let number = tail?.number ?? 0;
  let hash = tail === undefined || tail.number === null ? threadRoot(threadId) : tail.hash;
  for (const body of bodies) {
    const previous = hash;
    seq += 1;
    number += 1;
    hash = chainHash(previous, number, body);
    yield* run(INSERT, [seq, threadId, number, body, previous, hash]);
  }
  return { seq, threadId, records: number, head: hash };
}

function* seal(sealed: AuditSeal): Transaction<void> {
  const { number, hash } = yield* lastSealed();
  yield* run(SEAL, [number + 1, sealed.seq, sealed.threadId, sealed.records, sealed.head, sealHash(hash, sealed)]);
}

/** The last seal, or what the first one will stand on. */
function* lastSealed(): Transaction<Head & { number: number }> {
  const found = yield* one<Head & { number: number }>(SEALED);
  if (found !== undefined) return found;
  const old = yield* one<Head>(ONE_CHAIN);
  return { number: 0, seq: old?.seq ?? 0, hash: old?.hash ?? AUDIT_ROOT };
}

interface Tail {
  /** The newest record. */
  readonly last: number;
  readonly sealed: Head;
  /** The head that was written, when the database no longer has that record as it was. */
  readonly missing: Head | undefined;
}

function* tailOf(anchored: Head | undefined): Transaction<Tail> {
  const sealed = yield* lastSealed();
  const last = (yield* one<{ seq: number }>(END))?.seq ?? 0;
  if (anchored === undefined || anchored.seq === 0) return { last, sealed, missing: undefined };
  const found = yield* one(STANDS, [anchored.seq, anchored.hash]);
  return { last, sealed, missing: found === undefined ? anchored : undefined };
}

const recordOf = (row: RecordRow): AuditRecord => ({
  ...(JSON.parse(row.body) as AuditEntry & { at: string }), // written by `append`
  seq: row.seq,
  number: row.number,
  previous: row.previous,
  hash: row.hash,
});
