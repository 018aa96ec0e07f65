/** One attempt at a run, by its graph or by what governs it, and how it ended. */
import type { StreamMode } from '@langchain/langgraph';
import { FencedError, toError } from '../../domain/errors.ts';
import type { RunEnd, RunLease, ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { askFeedback } from '../feedback/ask-feedback.ts';
import type { GovernedEnd, Governs } from '../project/governs.ts';
import { PROTOCOL_MODES } from '../protocol/source-event.ts';
import type { Teller } from '../protocol/teller.ts';
import { failureOf } from '../threads/views.ts';
import { UnknownInterruptError } from './answer.ts';
import { createTranslator, graphModes } from './chunks.ts';
import type { Execution, RunKwargs, RunWork } from './execute.ts';
import { Stopped } from './stopped.ts';
import { underRun } from './uncaught.ts';
import type { EventWriter } from './writer.ts';

export interface Claimed {
  readonly server: Server;
  readonly run: ServedRun;
  readonly lease: RunLease;
  /** Ends the run; its reason says how. */
  readonly abort: AbortController;
  /** This process is to end: the run may come to its next checkpoint. */
  readonly drain: AbortSignal;
}

/** Who is told of the run: who follows it, and who follows its thread. */
export interface Told {
  readonly writer: EventWriter;
  readonly teller: Teller | undefined;
}

/** `drain`: it is to be given back to the queue. @throws FencedError when it is another process's now. */
export async function attempt(claimed: Claimed, kwargs: RunKwargs, { writer, teller }: Told): Promise<RunEnd | 'drain'> {
  const { server, run, lease, abort } = claimed;
  const assistant = await server.served.assistants.get({ tenant: run.tenant }, run.assistantId);
  const served = assistant === undefined ? undefined : server.graphs.get(assistant.graphId);
  const work: RunWork | undefined = assistant === undefined || served === undefined ? undefined : { server, run, lease, assistant, served };
  try {
    if (run.attempt > server.limits.attempts)
      throw new Error(
        `run ${run.runId} was begun ${run.attempt - 1} times and never ended (at most ${server.limits.attempts}); its state is kept`,
      );
    if (work === undefined) throw new Error(`assistant ${run.assistantId}: its graph ${assistant?.graphId ?? ''} is not served`);
    await assertStillPlain(work);
    await writer.write('metadata', { run_id: run.runId, attempt: run.attempt });
    const translate = createTranslator(kwargs.stream_mode);
    const chunk: Execution['chunk'] = async (one) => {
      for (const { event, data } of translate(one)) await writer.write(event, data);
    };
    const { governs } = work.served;
    if (governs !== undefined) {
      const end = await governedEnd(governs, claimed, { chunk, event: (data) => writer.write('events', data), teller });
      if (!end.drained && end.status !== 'error') await tellFeedback(claimed, kwargs, writer);
      return end.drained ? 'drain' : ended(end, writer);
    }
    const end = await plainEnd(work, abort, {
      signal: abort.signal,
      chunk,
      event: async (data) => writer.write('events', data),
      protocol: async (event) => teller?.event(event),
    });
    await tellFeedback(claimed, kwargs, writer);
    return end;
  } catch (error) {
    const reason: unknown = abort.signal.reason;
    if (reason instanceof FencedError || error instanceof FencedError) throw error;
    if (reason instanceof Stopped && reason.action === 'drain') return 'drain';
    return failed(claimed, work, { error: toError(abort.signal.aborted ? reason : error), writer });
  }
}

/** Last of what a run that did not fail tells. */
async function tellFeedback({ server, run }: Claimed, { feedback_keys: keys }: RunKwargs, writer: EventWriter): Promise<void> {
  if (keys !== undefined && keys.length > 0) await writer.write('feedback', await askFeedback(server, run.runId, keys));
}

/** @throws Error where the run was put before its thread became a governed one. */
async function assertStillPlain({ server, run, served }: RunWork): Promise<void> {
  if (served.governs !== undefined || served.begin !== undefined) return;
  if ((await server.served.threads.get({ tenant: run.tenant }, run.threadId))?.governed)
    throw new Error(`thread ${run.threadId} is a governed run: graph ${JSON.stringify(served.id)} cannot run on it`);
}

/** One that is stopped already goes to its runner too: the thread's own record must say that it was. */
function governedEnd(
  governs: Governs,
  { run, abort, drain }: Claimed,
  { chunk, event, teller }: Pick<Told, 'teller'> & Pick<Execution, 'chunk' | 'event'>,
): Promise<GovernedEnd> {
  const { stream_mode, subgraphs, interrupt_before, interrupt_after } = run.kwargs as unknown as RunKwargs; // written by the runs route
  return governs.run(run, {
    signal: abort.signal,
    drain,
    modes: [...new Set([...graphModes(stream_mode), ...(teller === undefined ? [] : PROTOCOL_MODES)])] as StreamMode[], // checked by the runs route
    subgraphs: subgraphs || teller !== undefined,
    interruptBefore: interrupt_before,
    interruptAfter: interrupt_after,
    emit: async (one) => {
      if (subgraphs || one[0].length === 0) await chunk(one);
      await teller?.chunk(one);
    },
    ...(stream_mode.includes('events') ? { event } : {}),
  });
}

async function plainEnd(work: RunWork, abort: AbortController, execution: Execution): Promise<RunEnd> {
  abort.signal.throwIfAborted();
  const { execute, outcomeOf } = await running();
  await underRun({ runId: work.run.runId, fail: (error) => abort.abort(error) }, () => execute(work, execution));
  // It may have come to its end all the same. Stopped too late, it has succeeded.
  if (abort.signal.aborted && !(abort.signal.reason instanceof Stopped)) throw abort.signal.reason;
  const outcome = await outcomeOf(work);
  return { status: 'success', output: waited(outcome), ...outcome };
}

async function ended(end: GovernedEnd, writer: EventWriter): Promise<RunEnd> {
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
  { server, run }: Pick<Claimed, 'server' | 'run'>,
  work: RunWork | undefined,
  { error, writer }: { readonly error: Error; readonly writer: EventWriter },
): Promise<RunEnd> {
  if (error instanceof UnknownInterruptError) {
    await writer.write('error', failureOf(error));
    return { status: 'error', error: failureOf(error), output: { __error__: failureOf(error) }, untouched: true };
  }
  const state =
    work === undefined
      ? undefined
      : await running()
          .then(({ outcomeOf }) => outcomeOf(work))
          .catch(() => undefined);
  const stopped = error instanceof Stopped ? error.action : undefined;
  // The record of a governed thread is kept: there a rollback only stops.
  if (stopped === 'rollback' && work?.served.governs === undefined) return { status: 'interrupted', rollback: true };
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

/** With LangGraph, which the first run loads. */
const running = () => import('./execute.ts');
