/** Follows the trail from its first record to its last, and names the first one that is not as it was written. */
import { AUDIT_ROOT, type AuditVerdict, chainHash, sealHash, threadRoot } from '../../domain/audit.ts';
import { many, one, type Transaction } from '../sql/transaction.ts';
import type { Head } from './head-file.ts';
import { type RecordRow, type SealRow, sealOf } from './rows.ts';
import { type Signer, signatureFault } from './signer.ts';

interface Chain {
  readonly number: number;
  readonly hash: string;
}

/** Where the walk stands. */
interface Walk {
  readonly chains: Map<string, Chain>;
  readonly seals: ReturnType<typeof sealPages>;
  /** What the trail comes to at the last record that was sealed. */
  home: string;
  readonly signer: Signer | undefined;
  signed: number;
}

export const READ = 'SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2';
const SEALS = 'SELECT * FROM audit_seals WHERE number > $1 ORDER BY number LIMIT $2';
const SEALED = 'SELECT MAX(seq) AS seq FROM audit_seals';

/** Rows that are held at once. */
const PAGE = 1000;

export function* verify(anchored: Head | undefined, signer?: Signer): Transaction<AuditVerdict> {
  const walk: Walk = { chains: new Map(), seals: sealPages(), home: AUDIT_ROOT, signer, signed: 0 };
  let seq = 0;
  let page: readonly RecordRow[];
  do {
    page = yield* many<RecordRow>(READ, [seq === 0 ? Number.MIN_SAFE_INTEGER : seq, PAGE]);
    for (const row of page) {
      seq += 1;
      const problem = (yield* problemOf(walk, row, seq)) ?? differing(anchored, row, walk.home);
      if (problem !== undefined) return { kind: 'broken', seq, problem };
    }
  } while (page.length === PAGE);
  const sealed = (yield* one<{ seq: number | null }>(SEALED))?.seq ?? 0;
  const end = Math.max(sealed, anchored?.seq ?? 0);
  if (end > seq) return { kind: 'broken', seq: seq + 1, problem: `records ${seq + 1} to ${end} were cut off the end` };
  if ((yield* walk.seals.next()).seal !== undefined) return { kind: 'broken', seq, problem: 'a seal follows it that seals no record' };
  return { kind: 'whole', records: seq, head: walk.home, signed: walk.signed };
}

/** A process of 0.1.0 that still runs writes the record's own hash. */
function differing(anchored: Head | undefined, { seq, hash }: RecordRow, home: string): string | undefined {
  if (anchored?.seq !== seq || anchored.hash === home || anchored.hash === hash) return undefined;
  return 'it differs from the head that was written beside the database';
}

function* problemOf(walk: Walk, row: RecordRow, seq: number): Transaction<string | undefined> {
  if (row.seq !== seq) return `the record is missing; the next one is ${row.seq}`;
  return row.number === null ? inTheOneChain(walk, row) : (inItsChain(walk, row) ?? (yield* underItsSeal(walk, row)));
}

function inTheOneChain(walk: Walk, row: RecordRow): string | undefined {
  if (row.previous !== walk.home || walk.chains.size > 0) return 'it does not follow the record before it';
  if (row.hash !== chainHash(walk.home, row.seq, row.body)) return 'its text was changed';
  if (threadOf(row.body) !== row.thread_id) return 'it was moved to another thread';
  walk.home = row.hash;
  return undefined;
}

function inItsChain(walk: Walk, row: RecordRow): string | undefined {
  const told = threadOf(row.body);
  // By its column, or it was moved: then it is whole in the chain of which its text tells.
  const threadId = typeof told === 'string' && told !== row.thread_id && follows(walk, told, row) ? told : row.thread_id;
  const { number, hash } = tailOf(walk, threadId);
  if (row.previous !== hash || row.number !== number + 1) return 'it does not follow the record before it';
  if (row.hash !== chainHash(hash, row.number, row.body)) return 'its text was changed';
  if (told !== row.thread_id) return 'it was moved to another thread';
  walk.chains.set(threadId, { number: row.number, hash: row.hash });
  return undefined;
}

const tailOf = (walk: Walk, threadId: string): Chain => walk.chains.get(threadId) ?? { number: 0, hash: threadRoot(threadId) };

function follows(walk: Walk, threadId: string, row: RecordRow): boolean {
  const { number, hash } = tailOf(walk, threadId);
  return row.number === number + 1 && row.previous === hash && row.hash === chainHash(hash, row.number, row.body);
}

/** A seal ends each transaction's records of a thread: the order of the threads among each other stands in the seals alone. */
function* underItsSeal(walk: Walk, row: RecordRow): Transaction<string | undefined> {
  const { seal, dense } = yield* walk.seals.next();
  if (seal === undefined || !dense) return 'its seal is missing';
  if (seal.thread_id !== row.thread_id) return 'it does not follow the record before it';
  if (seal.seq !== row.seq)
    // One of several that were recorded together: the sealed one comes as many records later as it has numbers more.
    return seal.seq > row.seq && seal.seq - row.seq === seal.records - (row.number ?? 0)
      ? undefined
      : 'it does not follow the record before it';
  if (seal.head !== row.hash || seal.records !== row.number) return 'it differs from what was sealed';
  if (seal.hash !== sealHash(walk.home, sealOf(seal))) return 'its seal was changed';
  const fault = signatureFault(walk.signer, seal.hash, seal.mac, walk.signed > 0);
  if (fault !== undefined) return fault;
  if (seal.mac !== null) walk.signed += 1;
  walk.home = seal.hash;
  walk.seals.pass();
  return undefined;
}

/** The seals in their order, a page at a time. */
function sealPages() {
  let page: readonly SealRow[] = [];
  let index = 0;
  let passed = 0;
  return {
    /** The first that was not passed, and whether none is missing before it. */
    *next(): Transaction<{ seal: SealRow | undefined; dense: boolean }> {
      if (index >= page.length) {
        page = yield* many<SealRow>(SEALS, [passed, PAGE]);
        index = 0;
      }
      const seal = page[index];
      return { seal, dense: seal?.number === passed + 1 };
    },
    pass: (): void => {
      index += 1;
      passed += 1;
    },
  };
}

function threadOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { threadId?: unknown }).threadId; // any JSON object
  } catch {
    return undefined;
  }
}
