/** What an audit record says, and how records are chained. */
import { canonicalJson, sha256 } from './ids.ts';
import type { ReasonCode } from './reasons.ts';

/** What a caller hands to the trail; sequence, time and chain are added by the store. */
export interface AuditEntry {
  readonly threadId: string;
  /** `noun-verb`: `stage-start`, `stage-end`, `model-call`, `model-answer`, `tool-call`, `tool-refused`, `approval-request`, ... */
  readonly action: string;
  /** Who acted: `governor`, `agent:lead`, or a person's principal such as `local:ada`. */
  readonly actor: string;
  readonly stage?: string;
  readonly attempt?: number;
  readonly code?: ReasonCode;
  /** Small facts: paths, digests, counts. Redacted before it comes here; at most 4 KB of JSON. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A stored record. */
export interface AuditRecord extends AuditEntry {
  /** Dense, from 1, over the whole home. */
  readonly seq: number;
  /** Its place in the chain of its thread, from 1. Null: it stands in the one chain that all threads of a home shared before. */
  readonly number: number | null;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The hash of the record before it in its chain, or the chain's root. */
  readonly previous: string;
  readonly hash: string;
}

/** That the chain of a thread had so many records and this head when the home had `seq` records; seals chain over all threads. */
export interface AuditSeal {
  readonly seq: number;
  readonly threadId: string;
  readonly records: number;
  readonly head: string;
}

/** The hash before the first record of the one chain, or before the first seal where there was none. */
export const AUDIT_ROOT = sha256('governor audit 1');

/** The hash before the first record of a thread's chain. */
export function threadRoot(threadId: string): string {
  return sha256(`governor audit 2\n${threadId}`);
}

/** The chained hash of a record over the exact stored body; `number` is its place in its chain. */
export function chainHash(previous: string, number: number, body: string): string {
  return sha256(`${previous}\n${number}\n${body}`);
}

/** The chained hash of a seal; the first stands on the last record of the one chain. */
export function sealHash(previous: string, { seq, threadId, records, head }: AuditSeal): string {
  return sha256(`${previous}\n${seq}\n${threadId}\n${records}\n${head}`);
}

/** The exact text that is stored and hashed. */
export function auditBody(entry: AuditEntry, at: string): string {
  return canonicalJson({ ...entry, at });
}

/** The answer of a verification: whole (`signed`: how many seals a key outside the home signed), or the first bad record and what is wrong with it. */
export type AuditVerdict =
  | { readonly kind: 'whole'; readonly records: number; readonly head: string; readonly signed: number }
  | { readonly kind: 'broken'; readonly seq: number; readonly problem: string };
