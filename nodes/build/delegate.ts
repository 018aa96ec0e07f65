/** Delegation: what an agent may hand to sub-agents, judged before any of them starts; and their shares of money and steps. */
import type { Account, CapName } from '../../domain/budget.ts';
import { usedOf } from '../../domain/budget.ts';
import { type DelegateTask, delegateSchema } from '../../domain/handoff.ts';
import { faultsOf, pathMatcher } from '../../domain/patterns.ts';
import type { HandoffOutcome } from '../../tools/door/request.ts';
import { globsOverlap } from '../../tools/globs.ts';
import { agentAccount, runAccount } from '../session.ts';
import { consentTo } from './consent.ts';
import { type Delegating, no, type Share, workerId } from './delegating.ts';

const BILLION = 1_000_000_000;

/**
 * Refused with a code that the agent sees, or accepted: then every task has its account with its caps, once and for all, so that a
 * replay or a crash changes nothing about them. @throws StopError where a person must allow it first.
 */
export async function judgeDelegation(delegating: Delegating, input: unknown): Promise<HandoffOutcome> {
  const { tasks } = delegateSchema.parse(input);
  const refusal = (await limitsRefuse(delegating, tasks)) ?? (await pathsRefuse(delegating, tasks));
  if (refusal !== undefined) return refusal;
  const { session, attempt, parent, call } = delegating;
  const consent = await consentTo(delegating, tasks, await sharesOf(delegating, tasks));
  if (consent.kind === 'refused') return consent.refusal;
  for (const [index, caps] of consent.shares.entries()) {
    const { id } = agentAccount(session.facts.limits, 'build', attempt, workerId(parent, call, index + 1));
    await session.stores.ledger.open(session.facts.fence, { id, caps });
  }
  return { ok: true, content: JSON.stringify({ accepted: tasks.map((_task, index) => workerId(parent, call, index + 1)) }) };
}

async function limitsRefuse({ session, lean }: Delegating, tasks: readonly DelegateTask[]): Promise<HandoffOutcome | undefined> {
  const { limits } = session.facts;
  if (lean) return no('BUDGET_REFUSED', 'the run is lean: finish by yourself');
  const totals = await session.stores.ledger.totals(session.facts.threadId, 'run');
  const used = totals.settled.agents + totals.reserved.agents;
  if (used + tasks.length > limits.agents)
    return no('AGENT_LIMIT', `${tasks.length} tasks, but ${used} of ${limits.agents} sub-agents of this run are used (limits.agents)`);
  const left = leftOver(tasks);
  if (left < 0) return no('BUDGET_REFUSED', `cost_share adds up to ${1 - left}; all shares of a call are at most 1`);
  const unnamed = tasks.findIndex((task) => task.cost_share === undefined);
  if (left === 0 && unnamed >= 0)
    return no(
      'BUDGET_REFUSED',
      `cost_share adds up to 1, so nothing is left for task ${unnamed + 1}, which names none; leave something for it`,
    );
  return undefined;
}

async function pathsRefuse(
  { session, parent, planned, base }: Delegating,
  tasks: readonly DelegateTask[],
): Promise<HandoffOutcome | undefined> {
  const allowed = planned.length === 0 ? () => true : pathMatcher(planned);
  for (const [index, task] of tasks.entries()) {
    const [faulty] = faultsOf(task.paths ?? []);
    if (faulty !== undefined) return no('OUT_OF_SCOPE', `task ${index + 1}: path ${faulty}`);
    const outside = task.paths?.find((path) => !allowed(path) && !planned.includes(path));
    if (outside !== undefined)
      return no(
        'OUT_OF_SCOPE',
        `task ${index + 1}: path ${JSON.stringify(outside)} is not inside what ${parent === 'lead' ? 'the plan' : 'your own task'} allows (${planned.join(', ')})`,
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

/** Of a whole that is 1, what the named shares leave, in billionths: written as decimals, 0.56, 0.34 and 0.1 add up to a little more than 1. */
function leftOver(tasks: readonly DelegateTask[]): number {
  const named = tasks.reduce((sum, task) => sum + (task.cost_share ?? 0), 0);
  return (BILLION - Math.round(named * BILLION)) / BILLION;
}

/**
 * For each task, of what its parent has left: the lead what the run has, a sub-agent what is left in its own account and in each above.
 * Who names no share gets an equal one, and as much stays for the parent.
 */
async function sharesOf(delegating: Delegating, tasks: readonly DelegateTask[]): Promise<Share[]> {
  const { limits } = delegating.session.facts;
  const money = await leftOf(delegating, 'costMicroUsd', [runAccount(limits), ...delegating.purse]);
  const steps = await leftOf(delegating, 'modelCalls', delegating.purse);
  const unnamed = tasks.filter((task) => task.cost_share === undefined).length;
  const equal = leftOver(tasks) / (unnamed + 1);
  return tasks.map(({ cost_share: share = equal }) => ({
    costMicroUsd: Math.min(limits.costPerAgentUsd, Math.floor(money * share)),
    modelCalls: Math.min(limits.stepsPerAgent, Math.max(1, Math.floor(steps * share))),
  }));
}

/** The least that any of these accounts has left; unlimited where none has this cap. */
async function leftOf({ session }: Delegating, cap: CapName, accounts: readonly Account[]): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (const account of accounts) {
    const totals = await session.stores.ledger.totals(session.facts.threadId, account.id);
    const most = totals.caps[cap] ?? account.caps[cap];
    if (most !== undefined) least = Math.min(least, Math.max(0, most - usedOf(totals)[cap]));
  }
  return least;
}
