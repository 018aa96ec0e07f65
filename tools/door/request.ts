/** What goes into the tool door and what comes out: a call with who makes it, and its answer as a row of the transcript. */

import type { Account } from '../../domain/budget.ts';
import type { Picture } from '../../domain/picture.ts';
import type { Fence, ToolCall, TranscriptRow } from '../../domain/ports.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { Role } from '../../domain/roles.ts';
import type { Tool, ToolContext } from '../tool.ts';

/** `code`: refused, on the record, but not a broken contract. */
export type HandoffOutcome = { readonly ok: boolean; readonly content: string; readonly code?: ReasonCode };

export interface ToolRequest {
  readonly fence: Fence;
  readonly stage: string;
  readonly attempt: number;
  readonly agent: string;
  readonly role: Role;
  /** The configuration's narrowing of the role's tools. */
  readonly allowed: readonly string[] | undefined;
  /** Globs that a sub-agent may write; undefined: anywhere. */
  readonly writable?: readonly string[] | undefined;
  /** How many levels of sub-agents the caller may start; default: none for a sub-agent, else one. */
  readonly depthLeft?: number;
  /** The transcript's head before this call. */
  readonly parent: string;
  /** The place of this call in its answer, from 1. */
  readonly ordinal: number;
  readonly call: ToolCall;
  readonly accounts: readonly Account[];
  readonly context: ToolContext;
  /** Judges a call that no tool does: a hand-over, a delegation. */
  readonly handoff: (name: string, input: unknown) => Promise<HandoffOutcome>;
}

export interface ToolAnswer {
  readonly row: TranscriptRow;
  /** `delegated`: the answer comes later, when the sub-agents have ended; its row is the caller's to append. */
  readonly outcome: 'ok' | 'error' | 'refused' | 'invalid' | 'handed-over' | 'delegated';
  readonly code?: ReasonCode;
  /** How many tasks were delegated. */
  readonly tasks?: number;
  /** The work tree after an effect. */
  readonly tree?: string;
}

/** A call that its role may make, its arguments parsed. */
export interface PermittedCall {
  readonly request: ToolRequest;
  /** Undefined: the role's own code judges it, by `request.handoff`. */
  readonly tool: Tool | undefined;
  readonly input: unknown;
}

/** What a call came to, in the words that the model reads; recorded as it stands in the journal. */
export interface Judged {
  readonly outcome: ToolAnswer['outcome'];
  readonly content: string;
  readonly picture?: Picture;
  readonly code?: ReasonCode;
}
