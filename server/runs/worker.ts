/** The worker: claims runs of the queue, keeps their leases, and writes their ends. No run waits for a timer of this process. */
import type { StreamMode } from '@langchain/langgraph';
import { z } from 'zod';
import { FencedError, toError } from '../../domain/errors.ts';
import type { AssistantRow, CancelAction, RunEnd, RunLease, ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { runGoverned } from '../governed/run.ts';
import { toJson } from '../http/endpoint.ts';
import { failureOf, runView } from '../threads/views.ts';
import { createTranslator, graphModes } from './chunks.ts';
import { execute, outcomeOf, type RunKwargs } from './execute.ts';
import { underRun } from './uncaught.ts';
import { createWriter, type EventWriter } from './writer.ts';

const HEARTBEAT_MS = 1000;
/** How long other processes' runs wait at most to be seen here, in ms. */
const LOOK_MS = 500;

const failureSchema = z.object({ message: z.string() });

/** Why a run is stopped from outside. */
class Stopped extends Error {
  readonly action: CancelAction | 'timeout' | 'drain';
  constructor(action: CancelAction | 'timeout' | 'drain') {
    super(`stopped: ${action}`);
    this.name = 'Stopped';
    this.action = action;
  }
}

export interface Worker {
  poke(): void;
  stopRuns(runIds: readonly string[], action: CancelAction): void;
  isLocal(runId: string): boolean;
  /** Claims no more; runs that do not end within `graceMs` are given back to the queue. */
  drain(graceMs: number): Promise<void>;
}

export function startWorker(server: Server): Worker {
  const running = new Map<string, { threadId: string; abort: AbortController; done: Promise<void> }>();
  const draining = new AbortController();
  let pumping = false;
  let again = false;

  const pump = async (): Promise<void> => {
    if (pumping) {
      again = true;
      return;
    }
    pumping = true;
    try {
      do {
        again = false;
        while (running.size < server.limits.concurrency && !draining.signal.aborted) {
          const claimed = await server.served.queue.claim(new Set(running.keys()));
          if (claimed === undefined) break;
          begin(claimed.run, claimed.lease);
        }
      } while (again);
    } finally {
      pumping = false;
    }
  };
  const look = (): void => {
    pump().catch((error: unknown) => server.log('error', `the run queue cannot be read: ${toError(error).message}`));
  };

  const begin = (run: ServedRun, lease: RunLease): void => {
    const abort = new AbortController();
    // One that was lost to another process, and ended there, may still be on its way out here: it must not write under this lease.
    const lost = [...running.values()].filter(({ threadId }) => threadId === run.threadId);
    for (const one of lost) one.abort.abort(new FencedError(run.threadId, lease.epoch));
    const done = Promise.all(lost.map((one) => one.done))
      .then(() => work(server, run, lease, abort, draining.signal))
      .catch((error: unknown) => server.log('error', `run ${run.runId}: its end could not be written: ${toError(error).message}`))
      .finally(() => {
        running.delete(run.runId);
        server.wakes.wake(run.runId);
        look();
      });
    running.set(run.runId, { threadId: run.threadId, abort, done });
  };

  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  look();
  return {
    poke: look,
    isLocal: (runId) => running.has(runId),
    stopRuns: (runIds, action) => {
      for (const runId of runIds) {
        running.get(runId)?.abort.abort(new Stopped(action));
        server.wakes.wake(runId);
      }
    },
    drain: async (graceMs) => {
      clearInterval(timer);
      draining.abort(new Stopped('drain'));
      const all = [...running.values()];
      const late = setTimeout(() => {
        for (const { abort } of all) abort.abort(new Stopped('drain'));
      }, graceMs);
      await Promise.allSettled(all.map(({ done }) => done));
      clearTimeout(late);
    },
  };
}

/** One run from its claim to its end. */
async function work(server: Server, run: ServedRun, lease: RunLease, abort: AbortController, drain: AbortSignal): Promise<void> {
  const { queue } = server.served;
  const kwargs = run.kwargs as unknown as RunKwargs; // written by the runs route
  const writer = createWriter(server.served.events, server.wakes, lease, server.limits.runEventBytes);
  const beat = async (): Promise<void> => {
    const answer = await queue.heartbeat(lease);
    if (answer === 'lost') abort.abort(new FencedError(lease.threadId, lease.epoch));
    else if (answer !== 'held') abort.abort(new Stopped(answer));
  };
  // A beat that cannot be written stops nothing: every write is fenced, and the run's own will tell what is wrong.
  const missed = (error: unknown): void => server.log('warn', `run ${run.runId}: no heartbeat: ${toError(error).message}`);
  const heartbeat = setInterval(() => void beat().catch(missed), HEARTBEAT_MS);
  const limit = server.limits.runMs > 0 ? setTimeout(() => abort.abort(new Stopped('timeout')), server.limits.runMs) : undefined;
  try {
    // What was asked while nobody held it: a cancel of a run whose worker died.
    if (lease.again) await beat().catch(missed);
    const end = await attempt(server, run, lease, kwargs, writer, abort, drain);
    if (end === 'drain') {
      await queue.giveBack(lease);
      return;
    }
    await writer.flush();
    await queue.finish(lease, { ...end, webhook: webhookOf(run, kwargs, end, new Date(server.runtime.clock.now()).toISOString()) });
    if (kwargs.webhook !== undefined) server.pokeWebhooks();
  } catch (error) {
    // Another process has taken the run over: it is no longer ours to end.
    if (error instanceof FencedError || abort.signal.reason instanceof FencedError) return;
    throw error;
  } finally {
    clearInterval(heartbeat);
    clearTimeout(limit);
  }
}

async function attempt(
  server: Server,
  run: ServedRun,
  lease: RunLease,
  kwargs: RunKwargs,
  writer: EventWriter,
  abort: AbortController,
  drain: AbortSignal,
): Promise<RunEnd | 'drain'> {
  const assistant = await server.served.assistants.get({ tenant: run.tenant }, run.assistantId);
  const served = assistant === undefined ? undefined : server.graphs.get(assistant.graphId);
  try {
    if (run.attempt > server.limits.attempts)
      throw new Error(
        `run ${run.runId} was begun ${run.attempt - 1} times and never ended (at most ${server.limits.attempts}); its state is kept`,
      );
    if (assistant === undefined || served === undefined)
      throw new Error(`assistant ${run.assistantId}: its graph ${assistant?.graphId ?? ''} is not served`);
    if (!served.governed && served.begins !== true && (await server.served.threads.get({ tenant: run.tenant }, run.threadId))?.governed)
      // It was put before the thread became one.
      throw new Error(`thread ${run.threadId} is a governed run: graph ${JSON.stringify(served.id)} cannot run on it`);
    await writer.write('metadata', { run_id: run.runId, attempt: run.attempt });
    const translate = createTranslator(kwargs.stream_mode);
    const chunk = async (one: Parameters<typeof translate>[0]): Promise<void> => {
      for (const { event, data } of translate(one)) await writer.write(event, data);
    };
    if (served.governed) {
      // One that is stopped already goes to its runner too: the thread's own record must say that it was.
      const modes = graphModes(kwargs.stream_mode) as StreamMode[]; // checked by the runs route
      const { subgraphs, interrupt_before: interruptBefore, interrupt_after: interruptAfter } = kwargs;
      const end = await runGoverned(server, run, {
        signal: abort.signal,
        drain,
        modes,
        subgraphs,
        interruptBefore,
        interruptAfter,
        emit: chunk,
      });
      return end.drained ? 'drain' : ended(end, writer);
    }
    abort.signal.throwIfAborted();
    const event = async (data: unknown): Promise<void> => writer.write('events', data);
    const execution = { signal: abort.signal, chunk, event };
    await underRun({ runId: run.runId, fail: (error) => abort.abort(error) }, () =>
      execute(server, run, lease, assistant, served, execution),
    );
    // It may have come to its end all the same. Stopped too late, it has succeeded.
    if (abort.signal.aborted && !(abort.signal.reason instanceof Stopped)) throw abort.signal.reason;
    const outcome = await outcomeOf(server, run, assistant, served);
    return { status: 'success', output: waited(outcome), ...outcome };
  } catch (error) {
    const reason: unknown = abort.signal.reason;
    if (reason instanceof FencedError || error instanceof FencedError) throw error;
    if (reason instanceof Stopped && reason.action === 'drain') return 'drain';
    return failed(server, run, assistant, toError(abort.signal.aborted ? reason : error), writer);
  }
}

async function ended(end: Awaited<ReturnType<typeof runGoverned>>, writer: EventWriter): Promise<RunEnd> {
  if (end.status === 'error') await writer.write('error', end.error);
  return {
    status: end.status,
    values: end.values,
    interrupts: end.interrupts,
    ...(end.status === 'error' ? { error: end.error, output: { __error__: end.error } } : { output: waited(end) }),
    paused: end.status === 'interrupted',
  };
}

/** What `wait` answers: the values, with what they wait for. */
function waited(outcome: {
  readonly values: unknown;
  readonly interrupts: Record<string, readonly unknown[]>;
  readonly paused?: boolean;
}): unknown {
  const pending = Object.values(outcome.interrupts).flat();
  // A breakpoint asks nothing: an empty list.
  if ((pending.length === 0 && outcome.paused !== true) || typeof outcome.values !== 'object' || outcome.values === null)
    return outcome.values;
  return { ...outcome.values, __interrupt__: pending };
}

async function failed(
  server: Server,
  run: ServedRun,
  assistant: AssistantRow | undefined,
  error: Error,
  writer: EventWriter,
): Promise<RunEnd> {
  const served = assistant === undefined ? undefined : server.graphs.get(assistant.graphId);
  const state =
    assistant === undefined || served === undefined ? undefined : await outcomeOf(server, run, assistant, served).catch(() => undefined);
  const stopped = error instanceof Stopped ? error.action : undefined;
  // The record of a governed thread is kept: there a rollback only stops.
  if (stopped === 'rollback' && served?.governed !== true) return { status: 'interrupted', rollback: true };
  if (stopped === 'interrupt' || stopped === 'rollback') return { status: 'interrupted', output: state?.values ?? null, ...state };
  const failure =
    error instanceof Stopped ? { error: 'TimeoutError', message: `the run took longer than ${server.limits.runMs} ms` } : failureOf(error);
  await writer.write('error', failure);
  server.log('warn', `run ${run.runId} failed: ${failure.message}`, { error: failure.error, attempt: run.attempt });
  return {
    status: error instanceof Stopped ? 'timeout' : 'error',
    output: { __error__: failure },
    ...state,
    error: failure,
  };
}

/** The run as its webhook is told of it, in the members of LangGraph's own. */
function webhookOf(run: ServedRun, kwargs: RunKwargs, end: RunEnd, endedAt: string): RunEnd['webhook'] {
  if (kwargs.webhook === undefined) return undefined;
  const failure = failureSchema.safeParse(end.error);
  const body = toJson({
    ...runView(run),
    updated_at: endedAt,
    status: end.status,
    // The claim was the last change of its row.
    run_started_at: run.updatedAt,
    run_ended_at: endedAt,
    webhook_sent_at: endedAt,
    values: end.values ?? null,
    ...(failure.success ? { error: failure.data.message } : {}),
  });
  return { url: kwargs.webhook, body };
}
