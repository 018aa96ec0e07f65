/** Does one task within its time: the steps of the sub-agent's graph. However they end, that is a value for who delegated. */
import { StopError } from '../../domain/errors.ts';
import { type PartBody, submitWorkSchema } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { type AgentAt, apart, type Delegates, freshRun, type MakeAgentGraph, stopError, superSteps } from '../agent-run.ts';
import { type AgentSpec, depthLeft } from '../agent-spec.ts';
import { isLeanAt } from '../notes.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import type { FindSession, NodeConfig, Session } from '../session.ts';
import { type AgentState, agentOf, type Stop } from '../state.ts';
import { workTreeAt } from '../work-tree.ts';
import { judgeDelegation } from './delegate.ts';
import { accountOf, type Job, workTreeName } from './job.ts';
import { workerBrief } from './worker-brief.ts';

const contract = contractOf('worker', import.meta.url);

/** What ends the run itself, not only this task: every sibling would meet it too. */
const RUN_LEVEL: ReadonlySet<ReasonCode> = new Set([
  'DISK_LIMIT',
  'SANDBOX_UNAVAILABLE',
  'MOUNT_REFUSED',
  'STATE_TAMPERED',
  'HANDOFF_MISSING',
]);

/** Its part of the machine time that is left, so that the lead can still finish. */
const TIME_SHARE = 0.5;

export interface End {
  readonly status: PartBody['status'];
  readonly code?: ReasonCode;
  readonly summary: string;
}

/** A task that is done, as well as it went: where the sub-agent stood at its end. */
export interface Done {
  readonly end: End;
  readonly agent: AgentState;
}

export interface Steps {
  readonly session: Session;
  readonly make: MakeAgentGraph;
  /** Of the node that the task is done in: its graph is one of this node's. */
  readonly config: NodeConfig;
  /** How its own sub-agents work; given the job with the signal of its time. */
  readonly delegates: (find: FindSession, job: Job) => Delegates;
}

/** @throws StopError what ends the run too; what LangGraph throws to itself; the reason of the abort of who delegated. */
export async function runTask({ session, make, config, delegates }: Steps, job: Job): Promise<Done> {
  const limitMs = Math.max(1000, (await machineTimeLeft(session)) * TIME_SHARE);
  const timeout = new AbortController();
  const over = `${Math.round(limitMs / 1000)} s, its part of limits.machineTime, are over`;
  const timer = setTimeout(() => timeout.abort(new StopError('TIME_LIMIT', over)), limitMs);
  const timed = { ...job, signal: AbortSignal.any([job.signal, timeout.signal]) };
  // The node around it leaves the session, when all of its steps have.
  const find: FindSession = async () => ({ ...session, left: async () => undefined });
  try {
    const below = depthLeft({ session, depth: job.depth }) > 0 ? delegates(find, timed) : undefined;
    const graph = make(find, 'worker', workerAt(timed), below);
    const recursionLimit = superSteps(session);
    const { agent, stop } = await graph.invoke(freshRun(job.attempt, { plan: job.plan }), { ...apart(config), recursionLimit });
    if (stop === null) return { agent, end: handedOver(agent) };
    job.signal.throwIfAborted();
    return { agent, end: endOf(stop) };
  } finally {
    clearTimeout(timer);
  }
}

function handedOver({ submission }: AgentState): End {
  const { status, summary } = submitWorkSchema.parse(JSON.parse(submission ?? '{}'));
  return { status, summary };
}

function endOf(stop: Stop): End {
  const { code, message: summary } = stop;
  if (RUN_LEVEL.has(code)) throw stopError(stop);
  if (code === 'TIME_LIMIT') return { status: 'timeout', code, summary };
  const limit = code === 'BUDGET_EXHAUSTED' || code === 'STEP_LIMIT';
  return { status: limit ? 'limit' : 'failed', code, summary };
}

/** @param job with the signal of its own time. */
const workerAt = (job: Job): AgentAt => ({
  stage: 'build',
  sideBySide: true,
  specOf: (session, run) => specOf(session, job, agentOf(run.agent)),
});

async function specOf(session: Session, job: Job, agent: AgentState): Promise<AgentSpec> {
  const { id, attempt, base, depth, above, signal, task } = job;
  const { limits } = session.facts;
  return {
    session,
    stage: 'build',
    attempt,
    role: 'worker',
    agent: id,
    contract,
    brief: agent.head === null ? await briefOf(session, job) : '',
    workTree: await workTreeAt(session, workTreeName(job), agent.tree ?? base),
    base,
    writable: task.paths,
    // Its account was opened with its caps when the task was accepted; these bind only where that is missing.
    caps: { modelCalls: limits.stepsPerAgent, costMicroUsd: limits.costPerAgentUsd },
    depth,
    above,
    signal,
    handoff: async (name, input) => {
      if (name !== 'delegate') return { ok: true, content: JSON.stringify({ accepted: true }) };
      const by = { parent: id, call: agent.calls, answer: agent.head ?? '', purse: [...above, accountOf(session, job)] };
      const lean = await isLeanAt(session, agent.head);
      return judgeDelegation({ session, attempt, ...by, planned: task.paths ?? [], base, lean }, input);
    },
  };
}

async function briefOf(session: Session, job: Job): Promise<string> {
  const place = { role: 'worker', base: job.commit, near: job.task.paths ?? [] } as const;
  return oriented(session, place, await workerBrief(session, job.plan, job));
}

async function machineTimeLeft(session: Session): Promise<number> {
  return session.facts.limits.machineTime - (await session.machineMs());
}
