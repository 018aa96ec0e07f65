/** Drives a thread to rest: lease, heartbeat, the graph, the gates, and a report at every end or wait. */
import { Command, type StateSnapshot } from '@langchain/langgraph';
import { codeOf, FencedError, StopError, toError, UsageError } from '../../domain/errors.ts';
import { FILES } from '../../domain/handoff.ts';
import type { Fence, RunRow } from '../../domain/ports.ts';
import { reasonOf } from '../../domain/reasons.ts';
import { hasWords, type Words } from '../../domain/resume.ts';
import type { RunStatus, Stage, StopReason } from '../../domain/run.ts';
import { governorGraph } from '../../graphs/governor.ts';
import type { FindSession, GatePayload, Session } from '../../nodes/session.ts';
import type { State, Stop } from '../../nodes/state.ts';
import { writeReport } from '../look/report.ts';
import type { DriveOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { DrainedError, openSession } from './open-session.ts';
import { goesOnAfterAnswer, recordResume } from './record-resume.ts';
import { step } from './step.ts';

/** Super-steps of the governor graph in one drive; every back edge is capped by its own limit long before. */
const RECURSION_LIMIT = 1000;

const NO_WORDS: Words = { comment: '', model: '' };

type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

/** Runs until released, unchanged, waiting, stopped or cancelled. @throws UsageError `THREAD_BUSY`; FencedError. */
export async function drive(runtime: Runtime, threadId: string, options: DriveOptions): Promise<void> {
  await runtime.stores.audit.assertTail();
  const fence = await runtime.stores.runs.acquire(threadId);
  const abort = new AbortController();
  const heartbeat = startHeartbeat(runtime, fence, abort);
  const onSignal = (): void => {
    const reason: unknown = options.signal?.reason;
    abort.abort(reason instanceof FencedError ? reason : new StopError('CANCELLED', 'aborted by the person who ran it'));
  };
  options.signal?.addEventListener('abort', onSignal, { once: true });
  if (options.signal?.aborted === true) onSignal();
  runtime.stores.saver.guard(fence);
  try {
    await runtime.stores.runs.requestCancel(threadId, false);
    await runtime.stores.ledger.bookOrphans(fence);
    const row = await known(runtime, threadId);
    await runtime.stores.audit.append({
      threadId,
      actor: runtime.person.id,
      action: 'run-start',
      stage: row.stage,
      facts: { epoch: fence.epoch, status: row.status },
    });
    await runtime.stores.runs.update(fence, { status: 'running', reason: null });
    await run(runtime, row, fence, abort, options, heartbeat);
    await heartbeat.beat();
  } catch (error) {
    if (error instanceof FencedError || abort.signal.reason instanceof FencedError) throw abort.signal.reason ?? error;
    await heartbeat.beat().catch(() => undefined);
    // What a drain breaks off is not over: whoever comes next goes on with it.
    const drained = error instanceof DrainedError || (options.drain?.aborted === true && options.signal?.aborted === true);
    if (drained && options.pauseOnDrain === true) return;
    // After an abort, whatever it broke on its way says less than why it was aborted.
    const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
    await restOrTell(runtime, fence, failure(threadId, (await known(runtime, threadId)).stage, cause));
  } finally {
    heartbeat.stop();
    options.signal?.removeEventListener('abort', onSignal);
    runtime.sessions.delete(threadId);
    runtime.stores.saver.unguard(threadId);
    await runtime.stores.runs.release(fence).catch((error: unknown) => {
      // On a full disk the lease ends with this process.
      if (!(error instanceof FencedError) && codeOf(error) !== 'DISK_LIMIT') throw error;
    });
  }
}

async function run(
  runtime: Runtime,
  row: RunRow,
  fence: Fence,
  abort: AbortController,
  options: DriveOptions,
  heartbeat: Heartbeat,
): Promise<void> {
  const session = await openSession(runtime, row, fence, { signal: abort.signal, drain: options.drain, onText: options.onText });
  heartbeat.limit(session.facts.limits.machineTime, row.machineMs);
  runtime.sessions.set(row.threadId, session);
  const find: FindSession = async ({ threadId }) => {
    const found = runtime.sessions.get(threadId);
    if (found === undefined) throw new StopError('INTERNAL', `thread ${threadId}: this process does not hold its lease`);
    return found;
  };
  const graph = governorGraph(find).compile({ checkpointer: runtime.stores.saver, name: 'governor' });
  const config = {
    configurable: { thread_id: row.threadId },
    metadata: { run_id: row.threadId, nodes: Object.keys(graph.nodes) },
    recursionLimit: RECURSION_LIMIT,
    durability: 'sync' as const,
  };
  let reentered = false;
  for (;;) {
    const snapshot = await graph.getState({ configurable: { thread_id: row.threadId } });
    if (reentered && isPaused(snapshot, options)) {
      await pause(runtime, fence, stageOf(snapshot.next[0]));
      return;
    }
    const turn = await nextInput(runtime, session, graph, snapshot, reentered ? undefined : (options.words ?? NO_WORDS));
    if (turn.kind === 'rest') {
      await rest(runtime, fence, turn.rest);
      return;
    }
    reentered = true;
    await step(graph, turn.input, config, options.stream, abort);
  }
}

interface Rest {
  readonly status: RunStatus;
  readonly stage: Stage;
  readonly attempt?: number;
  readonly reason: StopReason | null;
  readonly interruptId: string | null;
}

type Turn = { readonly kind: 'go'; readonly input: Parameters<Graph['invoke']>[0] } | { readonly kind: 'rest'; readonly rest: Rest };

/** What the thread needs next, read from its checkpoint and the approval records; never from a client. */
async function nextInput(
  runtime: Runtime,
  session: Session,
  graph: Graph,
  snapshot: StateSnapshot,
  /** Only at the first turn of a drive. */
  words: Words | undefined,
): Promise<Turn> {
  const state = snapshot.values as Partial<State>; // our own channels
  const { threadId } = session.facts;
  if (snapshot.createdAt === undefined) {
    return {
      kind: 'go',
      input: { goal: session.facts.request.goal, repo: session.facts.request.repo },
    };
  }
  // `next` leaves out tasks whose writes are stored but whose super-step is not closed; a kill between the two is no end.
  const due = snapshot.tasks.map((task) => task.name);
  const unknown = due.find((name) => !Object.hasOwn(graph.nodes, name));
  if (unknown !== undefined)
    throw new StopError(
      'DEFINITION_CHANGED',
      `thread ${threadId}: its next node ${JSON.stringify(unknown)} does not exist in this pipeline`,
    );
  const pending = snapshot.tasks.filter((task) => snapshot.next.includes(task.name)).flatMap((task) => task.interrupts ?? [])[0];
  if (pending !== undefined) {
    const payload = pending.value as GatePayload; // made by `passGate`
    const open = await runtime.stores.approvals.open({
      threadId,
      gate: payload.gate,
      subject: payload.subject,
      required: payload.required,
      shown: payload.shown,
    });
    const stage = stageOf(snapshot.next[0]);
    if (open.status === 'pending') {
      return {
        kind: 'rest',
        rest: { status: 'waiting', stage, attempt: state.attempt ?? 0, reason: null, interruptId: pending.id ?? null },
      };
    }
    return { kind: 'go', input: new Command({ resume: { [String(pending.id)]: { approval_id: open.id } } }) };
  }
  if (due.length > 0) {
    if (words !== undefined && hasWords(words)) await recordResume(runtime, session, { stage: stageOf(due[0]), stop: null }, words);
    return { kind: 'go', input: null };
  }
  const attempt = state.attempt ?? 0;
  if (state.outcome === 'released') {
    await assertReleased(session, state.releaseKey ?? null);
    return { kind: 'rest', rest: { status: 'released', stage: 'verify', attempt, reason: null, interruptId: null } };
  }
  if (state.outcome === 'unchanged')
    return { kind: 'rest', rest: { status: 'unchanged', stage: 'approve_plan', attempt, reason: null, interruptId: null } };
  const stop = state.stop ?? null;
  if (state.outcome !== 'stopped' || stop === null) {
    // LangGraph forgets a pending node that the graph no longer has, and says that all is done (langgraphjs#2608).
    const lost = stampedNodes(snapshot).filter((name) => !Object.hasOwn(graph.nodes, name));
    if (lost.length > 0)
      throw new StopError(
        'DEFINITION_CHANGED',
        `thread ${threadId}: it was checkpointed by a graph with ${lost.join(', ')}; this one has no such node`,
      );
    // A success means that the expected terminal node ran; anything else is ours to answer for.
    throw new StopError('INTERNAL', `thread ${threadId}: the graph ended without an outcome`);
  }
  if (words !== undefined && reasonOf(stop.code).resumable) {
    if (goesOnAfterAnswer(stop, words)) await recordResume(runtime, session, { stage: stop.stage, stop }, words);
    return { kind: 'go', input: new Command({ goto: stop.stage, update: { stop: null, outcome: null, route: '' } }) };
  }
  return { kind: 'rest', rest: { status: 'stopped', stage: stop.stage, attempt, reason: reasonFor(threadId, stop), interruptId: null } };
}

/** At a breakpoint nodes are due and none of them asks anything; without one a super-step that ended well never stops there. */
function isPaused(snapshot: StateSnapshot, { stream }: DriveOptions): boolean {
  const { interruptBefore = [], interruptAfter = [] } = stream ?? {};
  return (
    interruptBefore.length + interruptAfter.length > 0 &&
    snapshot.next.length > 0 &&
    snapshot.tasks.every((task) => (task.interrupts ?? []).length === 0)
  );
}

/** At a breakpoint: the thread stays `running`, and without a lease anybody may go on with it. */
async function pause(runtime: Runtime, fence: Fence, stage: Stage): Promise<void> {
  const { threadId } = fence;
  await runtime.stores.runs.update(fence, { stage });
  await runtime.stores.audit.append({ threadId, actor: 'governor', action: 'run-pause', stage, facts: { before: stage } });
  await writeReport(runtime, threadId);
}

/** Where even the end cannot be written, it is told: the thread stays as it was, and its lease ends with the process. */
async function restOrTell(runtime: Runtime, fence: Fence, end: Rest): Promise<void> {
  try {
    await rest(runtime, fence, end);
  } catch (error) {
    if (codeOf(error) !== 'DISK_LIMIT') throw error;
    throw new StopError(
      'DISK_LIMIT',
      `home ${runtime.home}: the disk is full, not even the end of the run could be recorded (${toError(error).message}); free some space, then: governor resume ${fence.threadId.slice(0, 8)}`,
      { cause: error },
    );
  }
}

async function rest(runtime: Runtime, fence: Fence, end: Rest): Promise<void> {
  const { threadId } = fence;
  await runtime.stores.runs.update(fence, {
    status: end.status,
    stage: end.stage,
    ...(end.attempt === undefined ? {} : { attempt: end.attempt }),
    reason: end.reason,
    interruptId: end.interruptId,
  });
  await runtime.stores.audit.append({
    threadId,
    actor: 'governor',
    action: end.status === 'waiting' ? 'run-wait' : 'run-end',
    stage: end.stage,
    ...(end.reason === null ? {} : { code: end.reason.code }),
    facts: { status: end.status, ...(end.reason === null ? {} : { message: end.reason.message.slice(0, 1000) }) },
  });
  await writeReport(runtime, threadId);
}

/** Anything thrown out of the graph, as an end of the run. */
function failure(threadId: string, stage: Stage, error: unknown): Rest {
  if (error instanceof DrainedError || codeOf(error) === 'CANCELLED') {
    const stop = { code: 'CANCELLED' as const, message: toError(error).message, stage, evidence: [], facts: {} };
    return { status: 'cancelled', stage, reason: reasonFor(threadId, stop), interruptId: null };
  }
  if (error instanceof UsageError) throw error;
  const code = codeOf(error);
  const fact = error instanceof StopError ? error : undefined;
  const message = code === 'INTERNAL' ? `${toError(error).message}\n${toError(error).stack ?? ''}`.slice(0, 2000) : toError(error).message;
  const stop: Stop = { code, message, stage, evidence: fact?.evidence ?? [], facts: fact?.facts ?? {} };
  return { status: 'stopped', stage, reason: reasonFor(threadId, stop), interruptId: null };
}

/** State can be edited; the journal and the release file are what happened. @throws StopError `STATE_TAMPERED`. */
async function assertReleased(session: Session, key: string | null): Promise<void> {
  const effect = key === null ? undefined : await session.stores.effects.peek(key);
  const file = await session.stores.dossier.read(session.facts.threadId, FILES.release);
  if (effect?.state === 'done' && file !== undefined) return;
  throw new StopError(
    'STATE_TAMPERED',
    `thread ${session.facts.threadId}: its state says released, but ${FILES.release} and the journal know of no release`,
  );
}

/** The nodes of the graph that wrote a checkpoint. */
function stampedNodes(snapshot: StateSnapshot): string[] {
  const names: unknown = (snapshot.metadata as Record<string, unknown> | undefined)?.['nodes']; // our own stamp
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** The reason with the exact command that a person can run next. */
export function reasonFor(
  threadId: string,
  stop: Pick<Stop, 'code' | 'message' | 'stage' | 'evidence'> & Partial<Pick<Stop, 'facts'>>,
): StopReason {
  const entry = reasonOf(stop.code);
  // Where this very stop needs another command than its code in general.
  const own = stop.facts?.['next'];
  return {
    code: stop.code,
    message: stop.message,
    stage: stop.stage,
    resumable: entry.resumable,
    evidence: stop.evidence,
    next: (own === undefined ? entry.next : String(own)).replaceAll('<thread>', threadId.slice(0, 8)),
  };
}

const stageOf = (name: string | undefined): Stage => (name ?? 'halt') as Stage; // node names are the stages

async function known(runtime: Runtime, threadId: string): Promise<RunRow> {
  const row = await runtime.stores.runs.get(threadId);
  if (row === undefined) throw new UsageError(`thread ${threadId}: is not in home ${runtime.home}`);
  return row;
}
