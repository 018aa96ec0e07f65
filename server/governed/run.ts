/** Runs a served run of a governed thread: by a drive, under the thread's own lease and gates; nothing else may run it. */
import { AIMessageChunk } from '@langchain/core/messages';
import { INTERRUPT, type StreamMode } from '@langchain/langgraph';
import { z } from 'zod';
import { FencedError, UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { ServedRun } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { StreamChunk } from '../../runtime/options.ts';
import type { GovernedEnd, GovernedOptions } from '../project/governs.ts';
import { interruptsOf, type Snapshot } from '../threads/views.ts';
import { type EventTeller, tellEvents } from './events.ts';
import { type Governed, latestState } from './graph.ts';
import { isLive, type Live, tellAgents } from './live.ts';
import { besideState, shownState, shownValues } from './shown.ts';

/** How often it looks whether another process has let go of the thread, in ms. */
const BUSY_POLL_MS = 100;
/** How long a process that was told to stop may take, in ms. */
const CANCEL_WAIT_MS = 10_000;

/** What `admitGoverned` writes into the kwargs of a run. */
export const governedKwargs = z.object({ epoch: z.int(), only: z.enum(['resolved', 'comment']).optional() });

/** One served run, and what it has told of. */
interface Serving {
  readonly governed: Governed;
  readonly run: ServedRun;
  readonly options: GovernedOptions;
  readonly asked: z.output<typeof governedKwargs> | undefined;
  readonly events: EventTeller | undefined;
  /** True once the graph itself has told its values, and what it waits for. */
  toldValues: boolean;
  toldInterrupt: boolean;
}

/** @throws FencedError when the lease of the run or of the thread was lost; UsageError when the thread is not in this home. */
export async function runGoverned(governed: Governed, run: ServedRun, options: GovernedOptions): Promise<GovernedEnd> {
  const asked = governedKwargs.safeParse(run.kwargs['governed']).data;
  const events = options.event === undefined ? undefined : tellEvents(run, options.event);
  const serving: Serving = { governed, run, options, asked, events, toldValues: false, toldInterrupt: false };
  await events?.begin();
  if (asked?.only === undefined) await driven(serving);
  const end = await endOf(serving);
  await tellRest(serving, end);
  await events?.end(end.values);
  return end;
}

async function driven(serving: Serving): Promise<void> {
  const { governed, run, options, events } = serving;
  const live =
    events !== undefined || isLive(options.modes)
      ? await tellAgents(governed, run, {
          modes: options.modes,
          emit: (chunk) => options.emit(chunk),
          ...(events === undefined ? {} : { onMessage: (one, place, whole) => events.message(one, place, whole) }),
        })
      : undefined;
  try {
    await toRest(serving, live);
  } finally {
    await live?.end();
  }
}

async function toRest(serving: Serving, live: Live | undefined): Promise<void> {
  const { governed, run, options, asked } = serving;
  const operations = operationsOf(governed.runtime);
  const { threadId } = run;
  for (;;) {
    const row = await free(governed, threadId, options);
    if (row.live || (options.signal.aborted && row.status !== 'running') || !isDue(row, asked?.epoch ?? row.epoch)) return;
    try {
      await operations.bringToRest(threadId, {
        epoch: row.epoch,
        signal: options.signal,
        drain: options.drain,
        pauseOnDrain: true,
        ...(live === undefined ? {} : { onText: live.hear }),
        stream: {
          modes: watched(serving),
          subgraphs: options.subgraphs || serving.events !== undefined,
          ...(options.interruptBefore === undefined ? {} : { interruptBefore: options.interruptBefore }),
          ...(options.interruptAfter === undefined ? {} : { interruptAfter: options.interruptAfter }),
          onChunk: (chunk) => tellChunk(serving, chunk),
        },
      });
      return;
    } catch (error) {
      // The command line was a moment faster: wait until it has let go, then see what it left.
      if (!(error instanceof UsageError && error.code === 'THREAD_BUSY')) throw error;
    }
  }
}

/** `custom` and `messages` are told from what is recorded and masked, never from inside of a node. */
function watched({ options, events }: Serving): StreamMode[] {
  const modes = options.modes.filter((mode) => mode !== 'custom' && mode !== 'messages');
  return events === undefined || modes.includes('tasks') ? modes : [...modes, 'tasks'];
}

/** What the graph streams, as far as it was asked for. */
async function tellChunk(serving: Serving, [namespace, mode, data]: StreamChunk): Promise<void> {
  const { governed, run, options, events } = serving;
  if (mode === 'tasks') await events?.task(namespace, data);
  if (!options.modes.some((asked) => asked === mode) || (namespace.length > 0 && !options.subgraphs)) return;
  if (namespace.length === 0 && typeof data === 'object' && data !== null && INTERRUPT in data) serving.toldInterrupt = true;
  if (namespace.length === 0 && mode === 'values') serving.toldValues = true;
  const shown = mode === 'values' && namespace.length === 0 ? shownValues(data, await besideState(governed, run.threadId)) : data;
  await options.emit([namespace, mode, shown]);
}

/**
 * A thread that waits or has ended already streams nothing by itself. Who asks for it must see its values, and what it waits for: a graph
 * that has this one as a node would take the silence for an end without an outcome.
 */
async function tellRest({ options, asked, run, ...told }: Serving, end: GovernedEnd): Promise<void> {
  const asks = (mode: StreamMode): boolean => options.modes.includes(mode);
  const answer = asked?.only === undefined ? undefined : answersIn(end.values).at(-1);
  if (answer !== undefined && asks('messages'))
    await options.emit([[], 'messages', [answer, { thread_id: run.threadId, run_id: run.runId, langgraph_node: answer.name }]]);
  if (asks('values') && !told.toldValues) await options.emit([[], 'values', end.values]);
  const waiting = Object.values(end.interrupts).flat();
  if (waiting.length === 0 || told.toldInterrupt) return;
  if (asks('values')) await options.emit([[], 'values', { [INTERRUPT]: waiting }]);
  if (asks('updates')) await options.emit([[], 'updates', { [INTERRUPT]: waiting }]);
}

const answersSchema = z.looseObject({
  messages: z.array(z.looseObject({ type: z.string(), id: z.string(), name: z.string().optional(), content: z.string() })),
});

/** What Governor says in a thread's values, as messages that are streamed. */
function answersIn(values: unknown): AIMessageChunk[] {
  const { data } = answersSchema.safeParse(values);
  return (data?.messages ?? []).flatMap(({ type, id, name, content }) =>
    type === 'ai' ? [new AIMessageChunk({ id, content, ...(name === undefined ? {} : { name }) })] : [],
  );
}

/** The thread's row once nobody else runs it, or when this run is to stop: whoever runs the thread is then told to stop as well. */
async function free(governed: Governed, threadId: string, { signal, drain }: GovernedOptions): Promise<RunRow> {
  const { runtime } = governed;
  let until: number | undefined;
  for (;;) {
    const row = await runtime.stores.runs.get(threadId);
    if (row === undefined) throw new UsageError(`thread ${threadId}: is not in home ${runtime.home}`);
    if (!row.live || drain.aborted || (signal.aborted && signal.reason instanceof FencedError)) return row;
    if (signal.aborted) {
      // Another process may have taken the thread since it was asked.
      await runtime.stores.runs.requestCancel(threadId);
      until ??= runtime.clock.monotonic() + CANCEL_WAIT_MS;
    }
    if (until !== undefined && runtime.clock.monotonic() > until) return row;
    await new Promise((wake) => setTimeout(wake, BUSY_POLL_MS));
  }
}

/**
 * Is there something to go on with (`docs/contract.md`, "What each command does in each state")? A stop that came after this run was
 * asked for is its answer: the same run delivered twice goes on once.
 */
function isDue(row: RunRow, askedAtEpoch: number): boolean {
  if (row.status === 'running' || row.status === 'waiting') return true;
  return row.reason?.resumable === true && (row.status === 'stopped' || row.status === 'cancelled') && row.epoch === askedAtEpoch;
}

async function endOf({ governed, run, options, asked }: Serving): Promise<GovernedEnd> {
  const { threadId } = run;
  const beside = await besideState(governed, threadId);
  const snapshot = shownState((await latestState(governed, threadId)) as unknown as Snapshot, beside); // LangGraph's own
  const { values } = snapshot;
  const status = beside.row?.status ?? 'stopped';
  const interrupts = status === 'waiting' ? interruptsOf(snapshot) : {};
  const end = { values, interrupts, error: null, drained: options.drain.aborted && status === 'running' };
  // That it was cancelled is what this run was for.
  if (asked?.only === 'resolved') return { ...end, interrupts: {}, status: 'success' };
  if (status === 'released' || status === 'unchanged' || status === 'rolled_back') return { ...end, status: 'success' };
  if (status !== 'stopped') return { ...end, status: 'interrupted' };
  const reason = beside.row?.reason;
  return {
    ...end,
    status: 'error',
    error: { error: reason?.code ?? 'INTERNAL', message: reason?.message ?? `thread ${threadId}: stopped` },
  };
}
