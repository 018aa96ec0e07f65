/** A sub-agent: one task, its own copy of the files, its own caps. However it ends, that is a value for the lead. */
import { isGraphBubbleUp } from '@langchain/langgraph';
import { type Account, ZERO } from '../../domain/budget.ts';
import { FencedError, StopError, toError } from '../../domain/errors.ts';
import { type DelegateTask, FILES, type FileRef, type PartBody, partBodySchema, submitWorkSchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { pathMatcher } from '../../domain/patterns.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { runAgent } from '../agent.ts';
import type { AgentSpec } from '../agent-spec.ts';
import { stampOf } from '../candidate.ts';
import { installedFor } from '../installed.ts';
import { nodeDoor } from '../node-door.ts';
import { isLeanAt } from '../notes.ts';
import { oriented } from '../orientation.ts';
import { contractOf } from '../prompt.ts';
import { agentAccount, type FindSession, runAccount, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { type AgentState, FRESH_AGENT, type PartRef } from '../state.ts';
import type { BuilderNode } from './builder-node.ts';
import { judgeDelegation } from './delegate.ts';
import { workerId } from './delegating.ts';
import { fanOut, tasksOf } from './fan-out.ts';
import type { Builder, BuilderUpdate } from './state.ts';
import { workerBrief } from './worker-brief.ts';

const contract = contractOf('worker', import.meta.url);

/** What ends the run itself, not only this task: every sibling would meet it too. */
const RUN_LEVEL: ReadonlySet<ReasonCode> = new Set(['DISK_LIMIT', 'SANDBOX_UNAVAILABLE', 'STATE_TAMPERED', 'HANDOFF_MISSING']);

/** Its part of the machine time that is left, so that the lead can still finish. */
const TIME_SHARE = 0.5;

/** `worker`: one per task. Throws only what LangGraph throws to itself, a lost lease, and the abort of the whole run. */
export const workerNode = (find: FindSession): BuilderNode =>
  nodeDoor<Session, Builder, BuilderUpdate>(find, {
    stage: 'build',
    name: 'worker',
    sideBySide: true,
    run: async (session, state) => {
      const own = installedFor(session, state.agent.installed);
      const job = await jobOf(own, state);
      return { parts: [await session.line.inLine(() => partOf(own, job))] };
    },
    stopped: (_session, stop, state) => {
      const id = idOf(state);
      return { stop: { ...stop, message: `${id}: ${stop.message}`, evidence: [], facts: { agent: id } } };
    },
  });

const idOf = ({ agent, task }: Builder): string => workerId('lead', agent.calls, task);

/** The lead's task that this node is for. */
async function jobOf(session: Session, state: Builder): Promise<Job> {
  const { attempt, plan, agent, startTree, task: index } = state;
  const task = (await tasksOf(session, agent.delegation))[index - 1];
  if (task === undefined) throw new StopError('STATE_TAMPERED', `${idOf(state)}: the delegation has no such task`);
  return {
    id: idOf(state),
    parent: 'lead',
    task,
    index,
    answer: agent.delegation?.answer ?? '',
    base: agent.tree ?? startTree,
    attempt,
    plan,
    commit: state.base,
    depth: 1,
    above: [],
    within: [],
    signal: session.signal,
  };
}

/** A task's part file: found, or made by doing the task. */
async function partOf(session: Session, job: Job): Promise<PartRef> {
  job.signal.throwIfAborted();
  const { id, attempt } = job;
  const done = await runStage<PartBody>(session, {
    stage: 'build',
    attempt,
    kind: 'part',
    inputs: job.plan === null ? [] : [job.plan],
    also: { answer: job.answer, task: String(job.index), base: job.base },
    file: () => FILES.part(attempt, id),
    schema: partBodySchema,
    madeBy: `agent:${id}`,
    work: () => work(session, job),
  });
  return { id, ref: done.ref };
}

interface Job {
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

interface End {
  readonly status: PartBody['status'];
  readonly code?: ReasonCode;
  readonly summary: string;
}

async function work(session: Session, job: Job): Promise<PartBody> {
  const workTree = await session.places.repository.checkout(job.base, session.places.workFolder(`build-${job.attempt}-${job.id}`));
  const reached: Reached = { steps: 0, parts: [] };
  let end: End;
  let tree = job.base;
  try {
    end = (await countAgent(session, job))
      ? await runTask(session, job, workTree, reached)
      : {
          status: 'limit',
          code: 'AGENT_LIMIT',
          summary: `all ${session.facts.limits.agents} sub-agents of the run are used (limits.agents)`,
        };
    tree = await workTree.snapshot();
  } finally {
    await workTree.remove();
  }
  const changes = await session.places.repository.diff(job.base, tree);
  const judged = judge(job, end, changes);
  const ref = `refs/governor/${session.facts.threadId}/parts/${job.attempt}/${job.id}`;
  const commit = await session.places.repository.commit({
    tree,
    parents: [],
    message: `${job.id}: ${job.task.title}\n`,
    stamp: stampOf(session, job.attempt),
  });
  const at = (await session.places.repository.readRef(ref)) ?? null;
  if (at !== commit) await session.places.repository.updateRef(ref, commit, at);
  return {
    id: job.id,
    title: job.task.title,
    ...judged,
    summary: session.doors.redact(judged.summary).slice(0, 4000),
    base: job.base,
    tree,
    ref,
    changes,
    steps: reached.steps,
    cost_micro_usd: await ownCost(session, job, reached.parts),
    ...(reached.parts.length === 0 ? {} : { parts: reached.parts.map(({ id, ref }) => ({ id, path: ref.path, sha256: ref.sha256 })) }),
  };
}

/** How far it came, also when it was stopped. */
interface Reached {
  steps: number;
  /** Of its own sub-agents. */
  parts: readonly PartRef[];
}

const accountOf = ({ facts }: Session, attempt: number, id: string): Account => agentAccount(facts.limits, 'build', attempt, id);

/** In its account stands also what its sub-agents used. */
async function ownCost(session: Session, { id, attempt }: Job, parts: readonly PartRef[]): Promise<number> {
  const costs = [id, ...parts.map((part) => part.id)].map(async (agent) => {
    const { settled } = await session.stores.ledger.totals(session.facts.threadId, accountOf(session, attempt, agent).id);
    return settled.costMicroUsd;
  });
  const [all = 0, ...below] = await Promise.all(costs);
  return below.reduce((left, cost) => left - cost, all);
}

/** Counts this sub-agent once over the whole run, however often it is started again. */
async function countAgent(session: Session, job: Job): Promise<boolean> {
  const key = digestOf({ kind: 'agent', thread: session.facts.threadId, attempt: job.attempt, id: job.id });
  const effect = {
    key,
    kind: 'agent',
    stage: 'build',
    attempt: job.attempt,
    agent: job.id,
    role: 'worker',
    requestHash: digestOf(job.task),
  } as const;
  const one = { ...ZERO, agents: 1 };
  const audit = {
    threadId: session.facts.threadId,
    actor: `agent:${job.parent}`,
    stage: 'build',
    attempt: job.attempt,
    action: 'agent-start',
  };
  const started = await session.stores.effects.start(session.facts.fence, effect, {
    reserve: { accounts: [runAccount(session.facts.limits)], amounts: one },
    audit: { ...audit, facts: { agent: job.id, title: session.doors.redact(job.task.title).slice(0, 200) } },
  });
  if (started.kind === 'refused') return false;
  if (started.kind !== 'done') await session.stores.effects.finish(session.facts.fence, key, { result: job.id, actual: one });
  return true;
}

class TaskTimeout extends Error {}

async function runTask(session: Session, job: Job, workTree: WorkTree, reached: Reached): Promise<End> {
  const limitMs = Math.max(1000, (await machineTimeLeft(session)) * TIME_SHARE);
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new TaskTimeout(`${Math.round(limitMs / 1000)} s, its part of limits.machineTime, are over`)),
    limitMs,
  );
  try {
    const place = { role: 'worker', base: job.commit, near: job.task.paths ?? [] } as const;
    const brief = await oriented(session, place, await workerBrief(session, job.plan, job));
    const end = await runAgent(
      specOf(session, { ...job, signal: AbortSignal.any([job.signal, timeout.signal]) }, workTree, { reached, brief }),
      FRESH_AGENT,
    );
    const { status, summary } = submitWorkSchema.parse(JSON.parse(end.submission ?? '{}'));
    return { status, summary };
  } catch (thrown) {
    if (isGraphBubbleUp(thrown) || thrown instanceof FencedError || job.signal.aborted) throw thrown;
    if (timeout.signal.aborted) return { status: 'timeout', code: 'TIME_LIMIT', summary: toError(timeout.signal.reason).message };
    if (!(thrown instanceof StopError)) return { status: 'failed', code: 'INTERNAL', summary: toError(thrown).message };
    if (RUN_LEVEL.has(thrown.code)) throw thrown;
    const limit = thrown.code === 'BUDGET_EXHAUSTED' || thrown.code === 'STEP_LIMIT';
    return { status: limit ? 'limit' : 'failed', code: thrown.code, summary: thrown.message };
  } finally {
    clearTimeout(timer);
  }
}

/** @param job with the signal of its own time. */
function specOf(session: Session, job: Job, workTree: WorkTree, { reached, brief }: { reached: Reached; brief: string }): AgentSpec {
  const { id, attempt, base, depth, signal, task } = job;
  const { limits } = session.facts;
  // Its account was opened with its caps when the task was accepted; these bind only where that is missing.
  const caps = { modelCalls: limits.stepsPerAgent, costMicroUsd: limits.costPerAgentUsd };
  let head: string | null = null;
  return {
    session,
    stage: 'build',
    attempt,
    role: 'worker',
    agent: id,
    contract,
    brief,
    workTree,
    base,
    writable: task.paths,
    caps,
    depth,
    above: job.above,
    signal,
    handoff: async (name, input) => {
      if (name !== 'delegate') return { ok: true, content: JSON.stringify({ accepted: true }) };
      const by = { parent: id, call: reached.steps, answer: head ?? '', purse: [...job.above, accountOf(session, attempt, id)] };
      return judgeDelegation({ session, attempt, ...by, planned: task.paths ?? [], base, lean: await isLeanAt(session, head) }, input);
    },
    fanOut: (state) =>
      fanOut({ session, id, attempt, base, workTree, part: (below, at) => partOf(session, jobBelow(session, job, below, at)) }, state),
    onStep: (state) => {
      head = state.head;
      reached.steps = state.calls;
      reached.parts = state.parts;
    },
  };
}

/** A task that a sub-agent delegates: within its own paths, money, steps and time. */
function jobBelow(
  session: Session,
  parent: Job,
  task: DelegateTask,
  { index, base, state }: { readonly index: number; readonly base: string; readonly state: AgentState },
): Job {
  const paths = task.paths ?? parent.task.paths;
  return {
    ...parent,
    id: workerId(parent.id, state.calls, index),
    parent: parent.id,
    task: paths === undefined ? task : { ...task, paths },
    index,
    answer: state.delegation?.answer ?? '',
    base,
    depth: parent.depth + 1,
    above: [...parent.above, accountOf(session, parent.attempt, parent.id)],
    within: parent.task.paths === undefined ? parent.within : [...parent.within, parent.task.paths],
  };
}

async function machineTimeLeft(session: Session): Promise<number> {
  return session.facts.limits.machineTime - (await session.machineMs());
}

/** What it says is checked against what it left: nothing, or files that its task does not name, is no success. */
function judge(job: Job, end: End, changes: PartBody['changes']): End {
  const paths = changes.flatMap((change) => [change.path, ...(change.from === undefined ? [] : [change.from])]);
  const allowed = [...job.within, ...(job.task.paths === undefined ? [] : [job.task.paths])].map((globs) => pathMatcher(globs));
  const outside = paths.filter((path) => !allowed.every((matches) => matches(path)));
  if (outside.length > 0)
    return {
      status: 'failed',
      code: 'OUT_OF_SCOPE',
      summary: `it changed ${outside.slice(0, 10).join(', ')}, which its task does not name. ${end.summary}`,
    };
  if (end.status === 'done' && changes.length === 0)
    return { status: 'failed', code: 'BUILDER_NO_ARTIFACT', summary: `it said done, but changed no file. ${end.summary}` };
  return end;
}
