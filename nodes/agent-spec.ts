/** What one agent works with in one attempt, and what all of its steps say of it. */
import type { Account, Caps } from '../domain/budget.ts';
import type { ChatMessage, TranscriptRow } from '../domain/ports.ts';
import type { RoleAt } from '../domain/roles.ts';
import { rowOf } from '../domain/transcript.ts';
import type { WorkTree } from '../domain/workspace.ts';
import type { HandoffOutcome } from '../tools/door/request.ts';
import { agentAccount, runAccount, type Session } from './session.ts';

export type AgentSpec = RoleAt & AgentWork;

interface AgentWork {
  readonly session: Session;
  readonly attempt: number;
  /** The role's own, or a sub-agent's id. */
  readonly agent: string;
  readonly contract: string;
  /** The first message: what this attempt is about. Must be the same on every replay. */
  readonly brief: string;
  readonly workTree: WorkTree;
  /** Judges a hand-over; the text goes back to the model when it is not ok. */
  readonly handoff: (name: string, input: unknown) => Promise<HandoffOutcome>;
  /** Instead of the agent's usual caps. */
  readonly caps?: Caps;
  /** Globs that it may write; default anywhere. */
  readonly writable?: readonly string[] | undefined;
  /** Default: the run's. */
  readonly signal?: AbortSignal;
  /** Hears the number of model calls so far. */
  readonly onStep?: (calls: number) => void;
}

/** Where a transcript stands: its head, and all rows up to it. */
export interface Standing {
  readonly head: string;
  readonly rows: readonly TranscriptRow[];
}

/** The ledger as a tree: run, stage, agent. The stage has no cap of its own; it is there to be seen. */
export const accountsOf = (spec: AgentSpec): Account[] => {
  const own = agentAccount(spec.session.facts.limits, spec.stage, spec.attempt, spec.agent);
  return [
    runAccount(spec.session.facts.limits),
    { id: `stage:${spec.stage}`, caps: {} },
    spec.caps === undefined ? own : { id: own.id, caps: spec.caps },
  ];
};

export const signalOf = (spec: AgentSpec): AbortSignal => spec.signal ?? spec.session.signal;

/** Appends a message to an agent's transcript. */
export async function append(
  spec: Pick<AgentSpec, 'session' | 'agent'>,
  head: string | null,
  message: ChatMessage,
): Promise<TranscriptRow> {
  const row = rowOf(head, spec.agent, message);
  await spec.session.stores.transcripts.append(spec.session.facts.fence, [row]);
  return row;
}

/** `head`: where its transcript stands, when what it answered there is what stops it. */
export function whereabouts(spec: AgentSpec, head?: string | null): { facts: Record<string, string | number> } {
  return { facts: { role: spec.role, agent: spec.agent, attempt: spec.attempt, ...(typeof head === 'string' ? { head } : {}) } };
}

export function auditBase(spec: AgentSpec) {
  return { threadId: spec.session.facts.threadId, stage: spec.stage, attempt: spec.attempt };
}
