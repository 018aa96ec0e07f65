/** A sub-agent: one task, its own copy of the files, its own caps. However it ends, that is a value for the lead. */
import { isGraphBubbleUp } from '@langchain/langgraph';
import { ZERO } from '../../domain/budget.ts';
import { FencedError, StopError, toError } from '../../domain/errors.ts';
import { type DelegateTask, delegateSchema, FILES, type PartBody, partBodySchema, submitWorkSchema } from '../../domain/handoff.ts';
import { digestOf } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { WorkTree } from '../../domain/workspace.ts';
import { matcher } from '../../tools/globs.ts';
import { runAgent } from '../agent.ts';
import { stampOf } from '../candidate.ts';
import { installedFor } from '../installed.ts';
import { nodeDoor } from '../node-door.ts';
import { contractOf } from '../prompt.ts';
import { agentAccount, type FindSession, runAccount, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import { FRESH_AGENT } from '../state.ts';
import type { BuilderNode } from './builder-node.ts';
import { workerId } from './delegate.ts';
import type { Builder, BuilderUpdate } from './state.ts';

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
      const id = idOf(state);
      const own = installedFor(session, state.agent.installed);
      return { parts: [{ id, ref: await session.line.inLine(() => partOf(own, state, id)) }] };
    },
    stopped: (_session, stop, state) => {
      const id = idOf(state);
      return { stop: { ...stop, message: `${id}: ${stop.message}`, evidence: [], facts: { agent: id } } };
    },
  });

const idOf = ({ agent, task }: Builder): string => workerId(agent.calls, task);

/** The tasks of the delegation that is under way, from the lead's own recorded answer. */
export async function tasksOf(session: Session, state: Builder): Promise<DelegateTask[]> {
  const { delegation } = state.agent;
  const rows = delegation === null ? [] : await session.stores.transcripts.chain(session.facts.threadId, delegation.answer);
  const message = rows.at(-1)?.message;
  const call = message?.role === 'assistant' ? message.toolCalls.find((one) => one.id === delegation?.callId) : undefined;
  if (call === undefined) throw new StopError('STATE_TAMPERED', 'the builder delegates, but its transcript has no such call');
  return delegateSchema.parse(JSON.parse(call.arguments)).tasks;
}

async function partOf(session: Session, state: Builder, id: string) {
  session.signal.throwIfAborted();
  const task = (await tasksOf(session, state))[state.task - 1];
  if (task === undefined) throw new StopError('STATE_TAMPERED', `${id}: the delegation has no such task`);
  const base = state.agent.tree ?? state.startTree;
  const done = await runStage<PartBody>(session, {
    stage: 'build',
    attempt: state.attempt,
    kind: 'part',
    inputs: state.plan === null ? [] : [state.plan],
    also: { answer: state.agent.delegation?.answer ?? '', task: String(state.task), base },
    file: () => FILES.part(state.attempt, id),
    schema: partBodySchema,
    madeBy: `agent:${id}`,
    work: () => work(session, { id, task, base, attempt: state.attempt }),
  });
  return done.ref;
}

interface Job {
  readonly id: string;
  readonly task: DelegateTask;
  readonly base: string;
  readonly attempt: number;
}

interface End {
  readonly status: PartBody['status'];
  readonly code?: ReasonCode;
  readonly summary: string;
}

async function work(session: Session, job: Job): Promise<PartBody> {
  const account = agentAccount(session.facts.limits, 'build', job.attempt, job.id).id;
  const workTree = await session.places.repository.checkout(job.base, session.places.workFolder(`build-${job.attempt}-${job.id}`));
  let steps = 0;
  let end: End;
  let tree = job.base;
  try {
    end = (await countAgent(session, job))
      ? await runTask(session, job, workTree, (calls) => {
          steps = calls;
        })
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
  const { settled } = await session.stores.ledger.totals(session.facts.threadId, account);
  return {
    id: job.id,
    title: job.task.title,
    ...judged,
    summary: session.doors.redact(judged.summary).slice(0, 4000),
    base: job.base,
    tree,
    ref,
    changes,
    steps,
    cost_micro_usd: settled.costMicroUsd,
  };
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
  const audit = { threadId: session.facts.threadId, actor: 'agent:lead', stage: 'build', attempt: job.attempt, action: 'agent-start' };
  const started = await session.stores.effects.start(session.facts.fence, effect, {
    reserve: { accounts: [runAccount(session.facts.limits)], amounts: one },
    audit: { ...audit, facts: { agent: job.id, title: job.task.title.slice(0, 200) } },
  });
  if (started.kind === 'refused') return false;
  if (started.kind !== 'done') await session.stores.effects.finish(session.facts.fence, key, { result: job.id, actual: one });
  return true;
}

class TaskTimeout extends Error {}

async function runTask(session: Session, job: Job, workTree: WorkTree, onSteps: (calls: number) => void): Promise<End> {
  const limitMs = Math.max(1000, (await machineTimeLeft(session)) * TIME_SHARE);
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new TaskTimeout(`${Math.round(limitMs / 1000)} s, its part of limits.machineTime, are over`)),
    limitMs,
  );
  try {
    const end = await runAgent(
      {
        session,
        stage: 'build',
        attempt: job.attempt,
        role: 'worker',
        agent: job.id,
        contract,
        brief: briefOf(job),
        workTree,
        writable: job.task.paths,
        // Its account was opened with its caps when the task was accepted; these bind only where that is missing.
        caps: { modelCalls: session.facts.limits.stepsPerAgent, costMicroUsd: session.facts.limits.costPerAgentUsd },
        signal: AbortSignal.any([session.signal, timeout.signal]),
        handoff: async () => ({ ok: true, content: JSON.stringify({ accepted: true }) }),
        onStep: onSteps,
      },
      FRESH_AGENT,
    );
    const { status, summary } = submitWorkSchema.parse(JSON.parse(end.submission ?? '{}'));
    return { status, summary };
  } catch (thrown) {
    if (isGraphBubbleUp(thrown) || thrown instanceof FencedError || session.signal.aborted) throw thrown;
    if (timeout.signal.aborted) return { status: 'timeout', code: 'TIME_LIMIT', summary: toError(timeout.signal.reason).message };
    if (!(thrown instanceof StopError)) return { status: 'failed', code: 'INTERNAL', summary: toError(thrown).message };
    if (RUN_LEVEL.has(thrown.code)) throw thrown;
    const limit = thrown.code === 'BUDGET_EXHAUSTED' || thrown.code === 'STEP_LIMIT';
    return { status: limit ? 'limit' : 'failed', code: thrown.code, summary: thrown.message };
  } finally {
    clearTimeout(timer);
  }
}

async function machineTimeLeft(session: Session): Promise<number> {
  return session.facts.limits.machineTime - (await session.machineMs());
}

/** The same words on every replay. */
function briefOf({ id, task }: Job): string {
  return [
    `You are ${id}. Your task: ${task.title}`,
    task.goal,
    `Paths you may write: ${task.paths?.join(', ') ?? 'what the task needs'}`,
    ...(task.done_when ?? []).map((done) => `Done when: ${done}`),
  ].join('\n');
}

/** What it says is checked against what it left: nothing, or files that its task does not name, is no success. */
function judge(job: Job, end: End, changes: PartBody['changes']): End {
  const paths = changes.flatMap((change) => [change.path, ...(change.from === undefined ? [] : [change.from])]);
  const allowed = job.task.paths === undefined ? () => true : matcher(job.task.paths);
  const outside = paths.filter((path) => !allowed(path));
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
