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
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly previous: string;
  readonly hash: string;
}

/** The hash before the first record. */
export const AUDIT_ROOT = sha256('governor audit 1');

/** The chained hash of a record over the exact stored body. */
export function chainHash(previous: string, seq: number, body: string): string {
  return sha256(`${previous}\n${seq}\n${body}`);
}

/** The exact text that is stored and hashed. */
export function auditBody(entry: AuditEntry, at: string): string {
  return canonicalJson({ ...entry, at });
}

/** The answer of a verification: whole, or the first bad record and what is wrong with it. */
export type AuditVerdict =
  | { readonly kind: 'whole'; readonly records: number; readonly head: string }
  | { readonly kind: 'broken'; readonly seq: number; readonly problem: string };
