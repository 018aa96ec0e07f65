/** Delegation: what the lead may hand to sub-agents, judged before any of them starts; and their shares of the money. */
import { type DelegateTask, delegateSchema } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import { globsOverlap, matcher } from '../../tools/globs.ts';
import { agentAccount, runAccount, type Session } from '../session.ts';

export interface Delegating {
  readonly session: Session;
  readonly attempt: number;
  /** The number of the lead's answer. */
  readonly call: number;
  /** What the plan allows; empty: anything. */
  readonly planned: readonly string[];
  readonly base: string;
  readonly lean: boolean;
}

/** The id of a sub-agent, `w<lead call>.<task index>` from 1 (`docs/contract.md`, "What a model sees"). */
export const workerId = (call: number, task: number): string => `w${call}.${task}`;

const no = (code: ReasonCode, content: string): HandoffOutcome => ({ ok: false, code, content });

/**
 * Refused with a code that the lead sees, or accepted: then every task has its account with its caps, once and for all, so that a
 * replay or a crash changes nothing about them.
 */
export async function judgeDelegation(delegating: Delegating, input: unknown): Promise<HandoffOutcome> {
  const { tasks } = delegateSchema.parse(input);
  const refusal = (await limitsRefuse(delegating, tasks)) ?? (await pathsRefuse(delegating, tasks));
  if (refusal !== undefined) return refusal;
  const { session, attempt, call } = delegating;
  for (const [index, costMicroUsd] of (await sharesOf(session, tasks)).entries()) {
    const { id } = agentAccount(session.facts.limits, 'build', attempt, workerId(call, index + 1));
    await session.stores.ledger.open(session.facts.fence, { id, caps: { modelCalls: session.facts.limits.stepsPerAgent, costMicroUsd } });
  }
  return { ok: true, content: JSON.stringify({ accepted: tasks.map((_task, index) => workerId(call, index + 1)) }) };
}

async function limitsRefuse({ session, lean }: Delegating, tasks: readonly DelegateTask[]): Promise<HandoffOutcome | undefined> {
  const { limits } = session.facts;
  if (lean) return no('BUDGET_REFUSED', 'the run is lean: finish by yourself');
  if (limits.depth < 1) return no('DEPTH_EXCEEDED', 'limits.depth is 0: nobody may delegate in this run');
  const totals = await session.stores.ledger.totals(session.facts.threadId, 'run');
  const used = totals.settled.agents + totals.reserved.agents;
  if (used + tasks.length > limits.agents)
    return no('AGENT_LIMIT', `${tasks.length} tasks, but ${used} of ${limits.agents} sub-agents of this run are used (limits.agents)`);
  const shares = tasks.reduce((sum, task) => sum + (task.cost_share ?? 0), 0);
  if (shares > 1) return no('BUDGET_REFUSED', `cost_share adds up to ${shares}; all shares of a call are at most 1`);
  return undefined;
}

async function pathsRefuse({ session, planned, base }: Delegating, tasks: readonly DelegateTask[]): Promise<HandoffOutcome | undefined> {
  const allowed = planned.length === 0 ? () => true : matcher(planned);
  for (const [index, task] of tasks.entries()) {
    const outside = task.paths?.find(
      (path) => path.startsWith('/') || path.split('/').includes('..') || (!allowed(path) && !planned.includes(path)),
    );
    if (outside !== undefined)
      return no(
        'OUT_OF_SCOPE',
        `task ${index + 1}: path ${JSON.stringify(outside)} is not inside what the plan allows (${planned.join(', ')})`,
      );
  }
  const files = (await session.places.repository.listTree(base)).map((entry) => entry.path);
  for (const [index, task] of tasks.entries())
    for (const [other, later] of tasks.entries())
      for (const path of other > index ? (task.paths ?? []) : []) {
        const same = later.paths?.find((candidate) => globsOverlap(path, candidate, files) || globsOverlap(candidate, path, files));
        if (same !== undefined)
          return no(
            'CONTRACT_VIOLATION',
            `tasks ${index + 1} and ${other + 1}: paths ${path} and ${same} overlap; one of them may write there`,
          );
      }
  return undefined;
}

/** Micro-dollars for each task, of what the run has left. Who names no share gets an equal one, and as much stays for the lead. */
async function sharesOf(session: Session, tasks: readonly DelegateTask[]): Promise<number[]> {
  const totals = await session.stores.ledger.totals(session.facts.threadId, 'run');
  const cap = totals.caps.costMicroUsd ?? runAccount(session.facts.limits).caps.costMicroUsd ?? 0;
  const left = Math.max(0, cap - totals.settled.costMicroUsd - totals.reserved.costMicroUsd);
  const named = tasks.reduce((sum, task) => sum + (task.cost_share ?? 0), 0);
  const unnamed = tasks.filter((task) => task.cost_share === undefined).length;
  const equal = (1 - named) / (unnamed + 1);
  return tasks.map((task) => Math.min(session.facts.limits.costPerAgentUsd, Math.floor(left * (task.cost_share ?? equal))));
}
