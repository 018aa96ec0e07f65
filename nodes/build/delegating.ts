/** Who delegates and within what, the caps of one sub-agent, and a refusal. */
import type { Account } from '../../domain/budget.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import type { Session } from '../session.ts';

export interface Delegating {
  readonly session: Session;
  readonly attempt: number;
  /** Who delegates: `lead`, or a sub-agent's id. */
  readonly parent: string;
  /** The number of its answer, and the row that holds it. */
  readonly call: number;
  readonly answer: string;
  /** Globs that it may write; empty: anything. */
  readonly planned: readonly string[];
  readonly base: string;
  readonly lean: boolean;
  /** The accounts whose remainder is shared out beside the run's: the parent's own, where it is a sub-agent, and those above it. */
  readonly purse: readonly Account[];
}

/** What one sub-agent may use up. */
export interface Share {
  readonly costMicroUsd: number;
  readonly modelCalls: number;
}

export const no = (code: ReasonCode, content: string): HandoffOutcome => ({ ok: false, code, content });

/** What the ids of one call's sub-agents begin with, and nobody else's. */
export const workersOf = (parent: string, call: number): string => `${parent === 'lead' ? 'w' : `${parent}.`}${call}.`;

/**
 * The id of a sub-agent, from 1 (`docs/contract.md`, "What a model sees"): `w<lead call>.<task index>`, and of one of its own
 * `<its id>.<its call>.<task index>`.
 */
export const workerId = (parent: string, call: number, task: number): string => `${workersOf(parent, call)}${task}`;
