/** Drives a thread to rest: lease, heartbeat, the graph, the gates, and a report at every end or wait. */
import type { StateSnapshot } from '@langchain/langgraph';
import { codeOf, FencedError, StopError, UsageError } from '../../domain/errors.ts';
import type { Fence, RunRow } from '../../domain/ports.ts';
import type { Words } from '../../domain/resume.ts';
import { stageOf } from '../../domain/stages.ts';
import { governorGraph } from '../../graphs/governor.ts';
import { assertNotReleased } from '../../nodes/deploy/older-home.ts';
import type { FindSession } from '../../nodes/session.ts';
import type { DriveOptions, LiveText } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { DrainedError } from './drained.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { type SharedText, shareText } from './live-file.ts';
import { nextTurn } from './next-turn.ts';
import { openSession } from './open-session.ts';
import { failure, pause, rest, restOrTell } from './rest.ts';
import { step } from './step.ts';

/** Super-steps of the governor graph in one drive; every back edge is capped by its own limit long before. */
const RECURSION_LIMIT = 1000;

const NO_WORDS: Words = { comment: '', model: '' };

/** A drive under way: who holds the thread, and how it is told to end. */
interface Drive {
  readonly runtime: Runtime;
  readonly threadId: string;
  readonly fence: Fence;
  readonly abort: AbortController;
  readonly heartbeat: Heartbeat;
  readonly options: DriveOptions;
  /** For those who watch from another process. */
  readonly shared: SharedText;
}

/** Runs until released, unchanged, waiting, stopped or cancelled. @throws UsageError `THREAD_BUSY`; FencedError. */
export async function drive(runtime: Runtime, threadId: string, options: DriveOptions): Promise<void> {
  await runtime.stores.audit.assertTail();
  const saver = await runtime.stores.saver();
  const fence = await runtime.stores.runs.acquire(threadId, options.epoch);
  const abort = new AbortController();
  const heartbeat = startHeartbeat(runtime, fence, abort);
  const shared = shareText(runtime, threadId);
  const underWay: Drive = { runtime, threadId, fence, abort, heartbeat, options, shared };
  const onSignal = (): void => {
    const reason: unknown = options.signal?.reason;
    abort.abort(reason instanceof FencedError ? reason : new StopError('CANCELLED', 'aborted by the person who ran it'));
  };
  options.signal?.addEventListener('abort', onSignal, { once: true });
  if (options.signal?.aborted === true) onSignal();
  saver.guard(fence);
  try {
    await run(underWay, await begin(underWay));
    await heartbeat.beat();
  } catch (error) {
    await endOf(underWay, error);
  } finally {
    heartbeat.stop();
    shared.close();
    options.signal?.removeEventListener('abort', onSignal);
    runtime.sessions.get(threadId)?.places.repository.close();
    runtime.sessions.delete(threadId);
    saver.unguard(threadId);
    await runtime.stores.runs.release(fence).catch((error: unknown) => {
      // On a full disk the lease ends with this process.
      if (!(error instanceof FencedError) && codeOf(error) !== 'DISK_LIMIT') throw error;
    });
  }
}

/** Books what a crash left open, and puts the beginning on record. */
async function begin({ runtime, threadId, fence }: Drive): Promise<RunRow> {
  const { runs, ledger, audit } = runtime.stores;
  await ledger.bookOrphans(fence);
  const row = await known(runtime, threadId);
  await audit.append({
    threadId,
    actor: runtime.person.id,
    action: 'run-start',
    stage: row.stage,
    facts: { epoch: fence.epoch, status: row.status },
  });
  await runs.update(fence, { status: 'running', reason: null });
  return row;
}

/** Turn after turn, until the thread rests or is at a breakpoint. */
async function run({ runtime, threadId, fence, abort, heartbeat, options, shared }: Drive, row: RunRow): Promise<void> {
  const onText = (text: LiveText): void => {
    shared.hear(text);
    options.onText?.(text);
  };
  const session = await openSession(runtime, row, fence, { signal: abort.signal, drain: options.drain, onText });
  await assertNotReleased(session);
  heartbeat.limit(session.facts.limits.machineTime, row.machineMs);
  runtime.sessions.set(threadId, session);
  const graph = governorGraph(sessionsOf(runtime)).compile({ checkpointer: await runtime.stores.saver(), name: 'governor' });
  const nodes = Object.keys(graph.nodes);
  const config = {
    configurable: { thread_id: threadId },
    metadata: { run_id: threadId, nodes },
    recursionLimit: RECURSION_LIMIT,
    durability: 'sync' as const,
  };
  for (let turns = 0; ; turns += 1) {
    const snapshot = await graph.getState({ configurable: { thread_id: threadId } });
    if (turns > 0 && isPaused(snapshot, options)) return pause(runtime, fence, stageOf(snapshot.next[0]));
    const words = turns > 0 ? undefined : (options.words ?? NO_WORDS);
    const turn = await nextTurn({ runtime, session, nodes, snapshot, words });
    if (turn.kind === 'rest') return rest(runtime, fence, turn.rest);
    await step(graph, { input: turn.input, config, observer: options.stream, abort });
  }
}

/** Nodes find the session of their thread here; only a process that holds the lease has one. */
const sessionsOf =
  (runtime: Runtime): FindSession =>
  async ({ threadId }) => {
    const found = runtime.sessions.get(threadId);
    if (found === undefined) throw new StopError('INTERNAL', `thread ${threadId}: this process does not hold its lease`);
    return found;
  };

/** Puts an error on record as the end of the run. @throws FencedError when the thread is another process's now. */
async function endOf({ runtime, threadId, fence, abort, heartbeat, options }: Drive, error: unknown): Promise<void> {
  if (error instanceof FencedError || abort.signal.reason instanceof FencedError) throw abort.signal.reason ?? error;
  await heartbeat.beat().catch(() => undefined);
  // What a drain breaks off is not over: whoever comes next goes on with it.
  const drained = error instanceof DrainedError || (options.drain?.aborted === true && options.signal?.aborted === true);
  if (drained && options.pauseOnDrain === true) return;
  // After an abort, whatever it broke on its way says less than why it was aborted.
  const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
  await restOrTell(runtime, fence, failure(threadId, (await known(runtime, threadId)).stage, cause));
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

async function known(runtime: Runtime, threadId: string): Promise<RunRow> {
  const row = await runtime.stores.runs.get(threadId);
  if (row === undefined) throw new UsageError(`thread ${threadId}: is not in home ${runtime.home}`);
  return row;
}
