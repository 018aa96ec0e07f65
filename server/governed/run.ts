/** Runs a served run of a governed thread: through the runner, under its own lease and gates, as nothing else may. */
import type { StreamMode } from '@langchain/langgraph';
import { z } from 'zod';
import { FencedError, UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { ServedRun } from '../../domain/served.ts';
import { drive } from '../../runtime/drive/drive.ts';
import type { StreamChunk } from '../../runtime/options.ts';
import type { Server } from '../context.ts';
import { interruptsOf } from '../threads/views.ts';
import { latestState } from './graph.ts';
import { governedValues } from './view.ts';

/** How often it looks whether another process has let go of the thread, in ms. */
const BUSY_POLL_MS = 100;
/** How long a process that was told to stop may take, in ms. */
const CANCEL_WAIT_MS = 10_000;

export interface GovernedOptions {
  /** Cancels: the thread ends `cancelled`, resumable. A `FencedError` as its reason only lets go. */
  readonly signal: AbortSignal;
  /** Stops at the next checkpoint; the run is to be given back. */
  readonly drain: AbortSignal;
  readonly modes: readonly StreamMode[];
  readonly subgraphs: boolean;
  readonly interruptBefore?: readonly string[] | '*' | undefined;
  readonly interruptAfter?: readonly string[] | '*' | undefined;
  emit(chunk: StreamChunk): Promise<void>;
}

export interface GovernedEnd {
  readonly status: 'success' | 'interrupted' | 'error';
  readonly values: unknown;
  /** Task id -> what it waits for. */
  readonly interrupts: Readonly<Record<string, readonly unknown[]>>;
  readonly error: { readonly error: string; readonly message: string } | null;
  /** True when it stopped for the drain: give the run back, it is not done. */
  readonly drained: boolean;
}

/** What `admitGoverned` writes into the kwargs of a run. */
export const governedKwargs = z.object({ epoch: z.int() });

/** @throws FencedError when the lease of the run or of the thread was lost; UsageError when the thread is not in this home. */
export async function runGoverned(server: Server, run: ServedRun, options: GovernedOptions): Promise<GovernedEnd> {
  const { runtime } = server;
  const { threadId } = run;
  const asked = governedKwargs.safeParse(run.kwargs['governed']);
  for (;;) {
    const row = await free(server, threadId, options);
    if (row.live || (options.signal.aborted && row.status !== 'running') || !isDue(row, asked.success ? asked.data.epoch : row.epoch))
      break;
    try {
      await drive(runtime, threadId, {
        signal: options.signal,
        drain: options.drain,
        pauseOnDrain: true,
        stream: {
          modes: options.modes,
          subgraphs: options.subgraphs,
          ...(options.interruptBefore === undefined ? {} : { interruptBefore: options.interruptBefore }),
          ...(options.interruptAfter === undefined ? {} : { interruptAfter: options.interruptAfter }),
          onChunk: ([namespace, mode, data]) =>
            options.emit([namespace, mode, mode === 'values' && namespace.length === 0 ? governedValues(data) : data]),
        },
      });
      break;
    } catch (error) {
      // The command line was a moment faster: look on, then see what it left.
      if (!(error instanceof UsageError && error.code === 'THREAD_BUSY')) throw error;
    }
  }
  return endOf(server, threadId, options.drain.aborted);
}

/** The thread's row once nobody else runs it, or when this run is to stop: whoever runs the thread is then told to stop as well. */
async function free(server: Server, threadId: string, { signal, drain }: GovernedOptions): Promise<RunRow> {
  const { runtime } = server;
  let until: number | undefined;
  for (;;) {
    const row = await runtime.stores.runs.get(threadId);
    if (row === undefined) throw new UsageError(`thread ${threadId}: is not in home ${runtime.home}`);
    if (!row.live || drain.aborted || (signal.aborted && signal.reason instanceof FencedError)) return row;
    if (signal.aborted && until === undefined) {
      await runtime.stores.runs.requestCancel(threadId, true);
      until = runtime.clock.monotonic() + CANCEL_WAIT_MS;
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

async function endOf(server: Server, threadId: string, draining: boolean): Promise<GovernedEnd> {
  const { runtime } = server;
  const row = await runtime.stores.runs.get(threadId);
  const snapshot = await latestState(runtime, threadId);
  const values = governedValues(snapshot.values);
  const status = row?.status ?? 'stopped';
  const interrupts = status === 'waiting' ? interruptsOf(snapshot) : {};
  const end = { values, interrupts, error: null, drained: draining && status === 'running' };
  if (status === 'released' || status === 'unchanged' || status === 'rolled_back') return { ...end, status: 'success' };
  if (status !== 'stopped') return { ...end, status: 'interrupted' };
  return {
    ...end,
    status: 'error',
    error: { error: row?.reason?.code ?? 'INTERNAL', message: row?.reason?.message ?? `thread ${threadId}: stopped` },
  };
}
