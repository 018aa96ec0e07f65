/** Runs a served run of a governed thread: by a drive, under the thread's own lease and gates; nothing else may run it. */
import { z } from 'zod';
import { FencedError, UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import type { ServedRun } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { GovernedEnd, GovernedOptions } from '../project/governs.ts';
import { interruptsOf, type Snapshot } from '../threads/views.ts';
import { type Governed, latestState } from './graph.ts';
import { isLive, type Live, tellAgents } from './live.ts';
import { governedValues } from './view.ts';

/** How often it looks whether another process has let go of the thread, in ms. */
const BUSY_POLL_MS = 100;
/** How long a process that was told to stop may take, in ms. */
const CANCEL_WAIT_MS = 10_000;

/** What `admitGoverned` writes into the kwargs of a run. */
export const governedKwargs = z.object({ epoch: z.int() });

/** @throws FencedError when the lease of the run or of the thread was lost; UsageError when the thread is not in this home. */
export async function runGoverned(governed: Governed, run: ServedRun, options: GovernedOptions): Promise<GovernedEnd> {
  const live = isLive(options.modes) ? await tellAgents(governed, run, options) : undefined;
  try {
    await toRest(governed, run, options, live);
  } finally {
    await live?.end();
  }
  return endOf(governed, run.threadId, options.drain.aborted);
}

async function toRest(governed: Governed, run: ServedRun, options: GovernedOptions, live: Live | undefined): Promise<void> {
  const operations = operationsOf(governed.runtime);
  const { threadId } = run;
  const asked = governedKwargs.safeParse(run.kwargs['governed']);
  for (;;) {
    const row = await free(governed, threadId, options);
    if (row.live || (options.signal.aborted && row.status !== 'running') || !isDue(row, asked.success ? asked.data.epoch : row.epoch))
      return;
    try {
      await operations.bringToRest(threadId, {
        signal: options.signal,
        drain: options.drain,
        pauseOnDrain: true,
        ...(live === undefined ? {} : { onText: live.hear }),
        stream: {
          // These two are told from what is recorded and masked, never from inside of a node.
          modes: options.modes.filter((mode) => mode !== 'custom' && mode !== 'messages'),
          subgraphs: options.subgraphs,
          ...(options.interruptBefore === undefined ? {} : { interruptBefore: options.interruptBefore }),
          ...(options.interruptAfter === undefined ? {} : { interruptAfter: options.interruptAfter }),
          onChunk: ([namespace, mode, data]) =>
            options.emit([namespace, mode, mode === 'values' && namespace.length === 0 ? governedValues(data) : data]),
        },
      });
      return;
    } catch (error) {
      // The command line was a moment faster: wait until it has let go, then see what it left.
      if (!(error instanceof UsageError && error.code === 'THREAD_BUSY')) throw error;
    }
  }
}

/** The thread's row once nobody else runs it, or when this run is to stop: whoever runs the thread is then told to stop as well. */
async function free(governed: Governed, threadId: string, { signal, drain }: GovernedOptions): Promise<RunRow> {
  const { runtime } = governed;
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

async function endOf(governed: Governed, threadId: string, draining: boolean): Promise<GovernedEnd> {
  const { runtime } = governed;
  const row = await runtime.stores.runs.get(threadId);
  const snapshot = await latestState(governed, threadId);
  const values = governedValues(snapshot.values);
  const status = row?.status ?? 'stopped';
  const interrupts = status === 'waiting' ? interruptsOf(snapshot as unknown as Snapshot) : {};
  const end = { values, interrupts, error: null, drained: draining && status === 'running' };
  if (status === 'released' || status === 'unchanged' || status === 'rolled_back') return { ...end, status: 'success' };
  if (status !== 'stopped') return { ...end, status: 'interrupted' };
  return {
    ...end,
    status: 'error',
    error: { error: row?.reason?.code ?? 'INTERNAL', message: row?.reason?.message ?? `thread ${threadId}: stopped` },
  };
}
