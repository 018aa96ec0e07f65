/** The audit trail: append-only, a chain a thread, their heads sealed into one chain, its head written outside the database too. */

import type { AuditRecord } from '../../domain/audit.ts';
import {
  AUDIT_ROOT,
  type AuditEntry,
  type AuditSeal,
  type AuditVerdict,
  auditBody,
  chainHash,
  sealHash,
  threadRoot,
} from '../../domain/audit.ts';
import { StopError } from '../../domain/errors.ts';
import type { Audit, Clock } from '../../domain/ports.ts';
import { many, one, run, type Sql, type Transaction } from '../sql/transaction.ts';
import type { Head, HeadFile } from './head-file.ts';
import { provenRows } from './proof.ts';
import { type RecordRow, recordOf } from './rows.ts';
import type { Signer } from './signer.ts';
import type { PublishedHead, Sink } from './sink.ts';
import { READ, verify } from './verify.ts';

/** Where a trail is kept, and what proves it from outside. `database`: how messages name it. */
export interface AuditPlace {
  readonly head: HeadFile;
  readonly database: string;
  readonly signer?: Signer | undefined;
  readonly sink?: Sink | undefined;
}

export interface AuditCore {
  /** Appends inside the caller's transaction. */
  record(entries: readonly AuditEntry[]): Transaction<void>;
  /** Anchors, and publishes the head where there is a place outside of the home for it. */
  publish(): Promise<void>;
  /** Writes the head beside the database; after a commit. */
  anchor(): Promise<void>;
}

const END = 'SELECT COALESCE(MAX(seq), 0) AS seq FROM audit';
const TAIL = 'SELECT number, hash FROM audit WHERE thread_id = $1 ORDER BY seq DESC LIMIT 1';
const INSERT = 'INSERT INTO audit (seq, thread_id, number, body, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)';
const SEALED = 'SELECT number, seq, hash, mac FROM audit_seals ORDER BY number DESC LIMIT 1';
const SEAL_OF = 'SELECT hash FROM audit_seals WHERE number = $1';
const SEAL = 'INSERT INTO audit_seals (number, seq, thread_id, records, head, hash, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)';
const ONE_CHAIN = 'SELECT seq, hash FROM audit WHERE number IS NULL ORDER BY seq DESC LIMIT 1';
const STANDS = `SELECT r.seq FROM audit r JOIN audit_seals s ON s.seq = r.seq AND s.head = r.hash WHERE r.seq = $1 AND s.hash = $2
  UNION ALL SELECT o.seq FROM audit o WHERE o.seq = $1 AND o.hash = $2`;
const READ_OF = 'SELECT * FROM audit WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3';
/** Found by its text, which no other record need be parsed for; what only quotes it is left out afterwards. */
const READ_ACTION = 'SELECT * FROM audit WHERE thread_id = $1 AND seq > $2 AND body LIKE $4 ORDER BY seq LIMIT $3';

/** Most records of one reading. */
const MOST = 1_000_000;

function* recordsOf({ threadId, afterSeq = 0, limit = MOST, action }: Parameters<Audit['read']>[0]): Transaction<AuditRecord[]> {
  if (threadId === undefined) return (yield* many<RecordRow>(READ, [afterSeq, limit])).map(recordOf);
  if (action === undefined) return (yield* many<RecordRow>(READ_OF, [threadId, afterSeq, limit])).map(recordOf);
  const found = yield* many<RecordRow>(READ_ACTION, [threadId, afterSeq, limit, `%"action":${JSON.stringify(action)}%`]);
  return found.map(recordOf).filter((one) => one.action === action);
}

export function createAudit(sql: Sql, clock: Clock, place: AuditPlace): Audit & AuditCore {
  const { head, database, signer, sink } = place;
  const now = (): string => new Date(clock.now()).toISOString();
  const record = (entries: readonly AuditEntry[]): Transaction<void> => append(entries, now(), signer);
  const anchor = async (): Promise<void> => {
    const tail = await sql.read(() => tailOf(head.read()));
    // The proof that something was cut is never written over by what came after the cut.
    if (tail.missing === undefined) head.write(tail.sealed);
  };
  return {
    record,
    anchor,
    publish: async () => {
      await anchor();
      const published = sink === undefined ? undefined : await sql.read(() => headToPublish(now()));
      if (published !== undefined) sink?.append(published);
    },
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
    read: async (options) => sql.read(() => recordsOf(options)),
    home: async () => (await sql.read(() => one<{ hash: string }>(SEAL_OF, [1])))?.hash,
    verify: async () => {
      const verdict = await sql.read(() => verify(head.read(), signer));
      if (verdict.kind === 'broken' || sink === undefined) return verdict;
      return (await sql.read(() => unpublished(sink.read(), signer))) ?? verdict;
    },
    proven: async (threadId) => {
      const { rows, problem } = await sql.read(() => provenRows(threadId, signer));
      if (problem !== undefined)
        throw new StopError('STATE_TAMPERED', `audit trail of thread ${threadId}: record ${problem.seq}: ${problem.what}`);
      // What stands in the one chain of before is proven by the whole of it.
      const verdict = rows.some(({ number }) => number === null) ? await sql.read(() => verify(head.read(), signer)) : undefined;
      if (verdict?.kind === 'broken') throw new StopError('STATE_TAMPERED', `audit trail: record ${verdict.seq}: ${verdict.problem}`);
      return rows.map(recordOf);
    },
  };
}

function* append(entries: readonly AuditEntry[], at: string, signer: Signer | undefined): Transaction<void> {
  for (let from = 0; from < entries.length; ) {
    const threadId = entries[from]?.threadId ?? '';
    const next = entries.findIndex((entry, index) => index > from && entry.threadId !== threadId);
    const to = next === -1 ? entries.length : next;
    const bodies = entries.slice(from, to).map((entry) => auditBody(entry, at));
    yield* seal(yield* chain(threadId, bodies), signer);
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

function* seal(sealed: AuditSeal, signer: Signer | undefined): Transaction<void> {
  const { number, hash } = yield* lastSealed();
  const next = sealHash(hash, sealed);
  yield* run(SEAL, [number + 1, sealed.seq, sealed.threadId, sealed.records, sealed.head, next, signer?.sign(next) ?? null]);
}

/** Undefined where nothing was sealed. */
function* headToPublish(at: string): Transaction<PublishedHead | undefined> {
  const last = yield* one<{ number: number; seq: number; hash: string; mac: string | null }>(SEALED);
  const first = yield* one<{ hash: string }>(SEAL_OF, [1]);
  if (last === undefined || first === undefined) return undefined;
  return { home: first.hash, seal: last.number, seq: last.seq, hash: last.hash, mac: last.mac, at };
}

/** The first published head of this home that its trail does not have. One that somebody else wrote proves nothing: it must be signed where seals are. */
function* unpublished(heads: readonly PublishedHead[], signer: Signer | undefined): Transaction<AuditVerdict | undefined> {
  const first = yield* one<{ hash: string }>(SEAL_OF, [1]);
  for (const { home, seal: number, seq, hash, mac, at } of heads) {
    if (first !== undefined && home !== first.hash) continue;
    if (signer !== undefined && (mac === null || mac !== signer.sign(hash))) continue;
    const found = yield* one<{ hash: string }>(SEAL_OF, [number]);
    if (found?.hash === hash) continue;
    const what = found === undefined ? 'ends before it: it was cut, or restored from an older backup' : 'has another record there';
    return { kind: 'broken', seq, problem: `the head that was published at ${at} is not in this trail, which ${what}` };
  }
  return undefined;
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
