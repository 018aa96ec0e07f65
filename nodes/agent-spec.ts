/** What one agent works with in one attempt, and what all of its steps say of it. */
import { allowedTools } from '../domain/access.ts';
import type { Account, Caps } from '../domain/budget.ts';
import type { ChatMessage, TranscriptRow } from '../domain/ports.ts';
import { ROLE_TABLE, type RoleAt, toolsOf } from '../domain/roles.ts';
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
  /** The commit or tree that its work is compared with; default the run's base. */
  readonly base?: string;
  /** Judges a hand-over; the text goes back to the model when it is not ok. */
  readonly handoff: (name: string, input: unknown) => Promise<HandoffOutcome>;
  /** Instead of the agent's usual caps. */
  readonly caps?: Caps;
  /** How deep it stands: 0 for who has no parent, 1 for a sub-agent of the lead. */
  readonly depth?: number;
  /** The accounts of the sub-agents above it, the outermost first: what it uses is theirs too. */
  readonly above?: readonly Account[];
  /** Globs that it may write; default anywhere. */
  readonly writable?: readonly string[] | undefined;
  /** Default: the run's. */
  readonly signal?: AbortSignal;
}

/** Where a transcript stands: its head, and all rows up to it. */
export interface Standing {
  readonly head: string;
  readonly rows: readonly TranscriptRow[];
}

/** The ledger as a tree: run, stage, the sub-agents above, agent. The stage has no cap of its own; it is there to be seen. */
export const accountsOf = (spec: Pick<AgentSpec, 'session' | 'stage' | 'attempt' | 'agent' | 'above' | 'caps'>): Account[] => {
  const own = agentAccount(spec.session.facts.limits, spec.stage, spec.attempt, spec.agent);
  return [
    runAccount(spec.session.facts.limits),
    { id: `stage:${spec.stage}`, caps: {} },
    ...(spec.above ?? []),
    spec.caps === undefined ? own : { id: own.id, caps: spec.caps },
  ];
};

/** How many levels of sub-agents it may start. */
export const depthLeft = ({ session, depth = 0 }: Pick<AgentSpec, 'session' | 'depth'>): number => session.facts.limits.depth - depth;

/** What the configuration leaves of its tools; a sub-agent that may go no deeper is not shown `delegate`. Undefined: all. */
export function allowedTo(spec: AgentSpec): readonly string[] | undefined {
  const allowed = allowedTools(spec.session.facts.config.tools, spec.role);
  if (ROLE_TABLE[spec.role].parent === null || depthLeft(spec) > 0) return allowed;
  return (allowed ?? toolsOf(spec.role)).filter((name) => name !== 'delegate');
}

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
