/** A sub-agent: one task, its own copy of the files, its own caps. However it ends, that is a value for the lead. */
import { ZERO } from '../../domain/budget.ts';
import { FILES, type PartBody, partBodySchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import { pathMatcher } from '../../domain/patterns.ts';
import type { MakeAgentGraph } from '../agent-run.ts';
import { stampOf } from '../candidate.ts';
import { installedFor } from '../installed.ts';
import type { Place } from '../line.ts';
import { nodeDoor } from '../node-door.ts';
import { type FindSession, type NodeConfig, runAccount, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { FRESH_AGENT, type PartRef } from '../state.ts';
import { removeWorkTree, workTreeAt } from '../work-tree.ts';
import type { BuilderNode } from './builder-node.ts';
import { workerId } from './delegating.ts';
import { delegatesOf, taskAt } from './fan-out.ts';
import { accountOf, type Job, workTreeName } from './job.ts';
import { type Done, type End, runTask } from './run-task.ts';
import type { Builder, BuilderUpdate } from './state.ts';

/** `worker`: one per task. Throws only what LangGraph throws to itself, a lost lease, and the abort of the whole run. */
export const workerNode = (find: FindSession, make: MakeAgentGraph): BuilderNode =>
  nodeDoor<Session, Builder, BuilderUpdate>(find, {
    stage: 'build',
    name: 'task',
    sideBySide: true,
    run: async (session, state, config) => {
      const own = installedFor(session, state.agent.installed);
      const job = await jobOf(own, state);
      return { parts: [await session.line.inLine((place) => partOf({ session: own, make, config, place }, job))] };
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
  const id = idOf(state);
  return {
    id,
    parent: 'lead',
    task: await taskAt(session, agent, { index, id }),
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

/** What a task is done with, at every depth. */
interface At {
  readonly session: Session;
  readonly make: MakeAgentGraph;
  /** Of the node that it is done in. */
  readonly config: NodeConfig;
  readonly place: Place;
}

/** A task's part file: found, or made by doing the task. */
async function partOf(at: At, job: Job): Promise<PartRef> {
  job.signal.throwIfAborted();
  const { id, attempt } = job;
  const done = await runStage<PartBody>(at.session, {
    stage: 'build',
    attempt,
    kind: 'part',
    inputs: job.plan === null ? [] : [job.plan],
    also: { answer: job.answer, task: String(job.index), base: job.base },
    file: () => FILES.part(attempt, id),
    schema: partBodySchema,
    madeBy: `agent:${id}`,
    work: () => work(at, job),
  });
  return { id, ref: done.ref };
}

async function work(at: At, job: Job): Promise<PartBody> {
  const { session } = at;
  const { end, agent } = (await countAgent(session, job)) ? await run(at, job) : oneTooMany(session);
  const workTree = await workTreeAt(session, workTreeName(job), agent.tree ?? job.base);
  const tree = await workTree.snapshot();
  const changes = await session.places.repository.diff(job.base, tree);
  const judged = judge(job, end, changes);
  const ref = await keep(session, job, tree);
  // What is thrown before leaves it, for who goes on.
  await removeWorkTree(session, workTreeName(job));
  return {
    id: job.id,
    title: job.task.title,
    ...judged,
    summary: session.doors.redact(judged.summary).slice(0, 4000),
    base: job.base,
    tree,
    ref,
    changes,
    steps: agent.calls,
    cost_micro_usd: await ownCost(session, job, agent.parts),
    ...(agent.parts.length === 0 ? {} : { parts: agent.parts.map(({ id, ref }) => ({ id, path: ref.path, sha256: ref.sha256 })) }),
  };
}

/** The steps; a sub-agent of its own does its task as it does. */
const run = (at: At, job: Job): Promise<Done> =>
  runTask(
    {
      ...at,
      delegates: (find, timed) =>
        delegatesOf(find, { job: timed, place: at.place, part: (below, { config, place }) => partOf({ ...at, config, place }, below) }),
    },
    job,
  );

const oneTooMany = ({ facts: { limits } }: Session): Done => ({
  end: { status: 'limit', code: 'AGENT_LIMIT', summary: `all ${limits.agents} sub-agents of the run are used (limits.agents)` },
  agent: FRESH_AGENT,
});

/** Pins its files, so that no clean-up of the repository takes them. */
async function keep(session: Session, { id, attempt, task }: Job, tree: string): Promise<string> {
  const { repository } = session.places;
  const ref = `refs/governor/${session.facts.threadId}/parts/${attempt}/${id}`;
  const commit = await repository.commit({
    tree,
    parents: [],
    message: `${id}: ${task.title}\n`,
    stamp: stampOf(session, attempt),
  });
  const at = (await repository.readRef(ref)) ?? null;
  if (at !== commit) await repository.updateRef(ref, commit, at);
  return ref;
}

/** In its account stands also what its sub-agents used. */
async function ownCost(session: Session, { id, attempt }: Job, parts: readonly PartRef[]): Promise<number> {
  const costs = [id, ...parts.map((part) => part.id)].map(async (agent) => {
    const { settled } = await session.stores.ledger.totals(session.facts.threadId, accountOf(session, { attempt, id: agent }).id);
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
