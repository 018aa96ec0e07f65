/** One task of a delegation: what it starts from, and what it stands under. */
import type { Account } from '../../domain/budget.ts';
import type { DelegateTask, FileRef } from '../../domain/handoff.ts';
import { agentAccount, type Session } from '../session.ts';
import type { AgentState } from '../state.ts';
import { workerId } from './delegating.ts';

export interface Job {
  readonly id: string;
  /** Who delegated it: `lead`, or a sub-agent's id. */
  readonly parent: string;
  readonly task: DelegateTask;
  /** The place of the task in its delegation, from 1, and the answer that holds it. */
  readonly index: number;
  readonly answer: string;
  /** The tree that it starts from. */
  readonly base: string;
  /** The commit that the run starts from. */
  readonly commit: string;
  readonly attempt: number;
  readonly plan: FileRef | null;
  /** 1 for a sub-agent of the lead. */
  readonly depth: number;
  /** The accounts of the sub-agents above it, and the paths that their tasks name; the outermost first. */
  readonly above: readonly Account[];
  readonly within: readonly (readonly string[])[];
  /** Of who delegated. */
  readonly signal: AbortSignal;
}

export const accountOf = ({ facts }: Session, { attempt, id }: Pick<Job, 'attempt' | 'id'>): Account =>
  agentAccount(facts.limits, 'build', attempt, id);

export const workTreeName = ({ attempt, id }: Pick<Job, 'attempt' | 'id'>): string => `build-${attempt}-${id}`;

/** A task that a sub-agent delegates: within its own paths, money, steps and time. `agent`: where who delegates stands. */
export function jobBelow(session: Session, parent: Job, task: DelegateTask, { index, agent }: { index: number; agent: AgentState }): Job {
  const paths = task.paths ?? parent.task.paths;
  return {
    ...parent,
    id: workerId(parent.id, agent.calls, index),
    parent: parent.id,
    task: paths === undefined ? task : { ...task, paths },
    index,
    answer: agent.delegation?.answer ?? '',
    base: agent.tree ?? parent.base,
    depth: parent.depth + 1,
    above: [...parent.above, accountOf(session, parent)],
    within: parent.task.paths === undefined ? parent.within : [...parent.within, parent.task.paths],
  };
}
