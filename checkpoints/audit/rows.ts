/** Records and seals of the trail as the database has them. */
import type { AuditEntry, AuditRecord, AuditSeal } from '../../domain/audit.ts';

export interface RecordRow {
  readonly seq: number;
  readonly thread_id: string;
  readonly number: number | null;
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
}

export interface SealRow {
  readonly number: number;
  readonly seq: number;
  readonly thread_id: string;
  readonly records: number;
  readonly head: string;
  readonly hash: string;
  readonly mac: string | null;
}

/** What the hash of a seal is made of. */
export const sealOf = ({ seq, thread_id: threadId, records, head }: Omit<SealRow, 'number' | 'hash' | 'mac'>): AuditSeal => ({
  seq,
  threadId,
  records,
  head,
});

export const recordOf = (row: RecordRow): AuditRecord => ({
  ...(JSON.parse(row.body) as AuditEntry & { at: string }), // written by `append`
  seq: row.seq,
  number: row.number,
  previous: row.previous,
  hash: row.hash,
});
