/** The records of one thread, proven: its chain from the first to the last, each of its seals, and their signatures. */
import { AUDIT_ROOT, chainHash, sealHash, threadRoot } from '../../domain/audit.ts';
import { many, one, type Transaction } from '../sql/transaction.ts';
import { type RecordRow, type SealRow, sealOf } from './rows.ts';
import { type Signer, signatureFault } from './signer.ts';

const RECORDS = 'SELECT * FROM audit WHERE thread_id = $1 ORDER BY seq';
const SEALS = `SELECT s.number, s.seq, s.thread_id, s.records, s.head, s.hash, s.mac, p.hash AS before_hash FROM audit r
  JOIN audit_seals s ON s.seq = r.seq AND s.thread_id = r.thread_id LEFT JOIN audit_seals p ON p.number = s.number - 1
  WHERE r.thread_id = $1 ORDER BY s.number`;
const ONE_CHAIN = 'SELECT hash FROM audit WHERE number IS NULL ORDER BY seq DESC LIMIT 1';
const SIGNED_BEFORE = 'SELECT number FROM audit_seals WHERE number < $1 AND mac IS NOT NULL ORDER BY number DESC LIMIT 1';

type Sealed = SealRow & { readonly before_hash: string | null };

/** The first record that is not as it was written, and what is wrong with it; with the rows where all are. Records of the one chain of before are not looked at. */
export function* provenRows(
  threadId: string,
  signer: Signer | undefined,
): Transaction<{ rows: readonly RecordRow[]; problem?: { seq: number; what: string } }> {
  const rows = yield* many<RecordRow>(RECORDS, [threadId]);
  const chained = rows.filter(({ number }) => number !== null);
  const problem = chainFault(threadId, chained) ?? (yield* sealFault(threadId, chained, signer));
  return { rows, ...(problem === undefined ? {} : { problem }) };
}

function chainFault(threadId: string, rows: readonly RecordRow[]): { seq: number; what: string } | undefined {
  let hash = threadRoot(threadId);
  for (const [index, row] of rows.entries()) {
    if (row.previous !== hash || row.number !== index + 1) return { seq: row.seq, what: 'it does not follow the record before it' };
    hash = chainHash(hash, index + 1, row.body);
    if (row.hash !== hash) return { seq: row.seq, what: 'its text was changed' };
  }
  return undefined;
}

function* sealFault(
  threadId: string,
  rows: readonly RecordRow[],
  signer: Signer | undefined,
): Transaction<{ seq: number; what: string } | undefined> {
  const seals = yield* many<Sealed>(SEALS, [threadId]);
  const last = rows.at(-1);
  if (last !== undefined && seals.at(-1)?.seq !== last.seq) return { seq: last.seq, what: 'its seal is missing' };
  const first = seals[0];
  let signedBefore = first !== undefined && (yield* one(SIGNED_BEFORE, [first.number])) !== undefined;
  for (const seal of seals) {
    const record = rows[seal.records - 1];
    if (record?.hash !== seal.head || record.seq !== seal.seq) return { seq: seal.seq, what: 'it differs from what was sealed' };
    const before = seal.before_hash ?? (seal.number === 1 ? ((yield* one<{ hash: string }>(ONE_CHAIN))?.hash ?? AUDIT_ROOT) : '');
    if (seal.hash !== sealHash(before, sealOf(seal))) return { seq: seal.seq, what: 'its seal was changed' };
    const what = signatureFault(signer, seal.hash, seal.mac, signedBefore);
    if (what !== undefined) return { seq: seal.seq, what };
    signedBefore ||= seal.mac !== null;
  }
  return undefined;
}
