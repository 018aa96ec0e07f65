/** Cancels a run: stops a live one, or marks one that nobody runs. Recorded before anything stops. */
import { UsageError } from '../../domain/errors.ts';
import type { RunRow, Runs } from '../../domain/ports.ts';
import type { StopReason } from '../../domain/run.ts';
import { reasonFor } from '../drive/reason-for.ts';
import { writeReport } from '../look/report.ts';
import type { Runtime } from '../runtime.ts';

/** How long `cancel` waits for a live process to stop, in ms. */
const CANCEL_WAIT_MS = 10_000;
const LOOK_MS = 50;

/** Stops a live run, or marks one that nobody runs. */
export async function cancel(runtime: Runtime, row: RunRow): Promise<void> {
  const { stores, person } = runtime;
  if (row.status === 'cancelled' || (row.status === 'stopped' && row.reason?.resumable === true)) return;
  if (row.status === 'released' || row.status === 'unchanged' || row.status === 'rolled_back' || row.status === 'stopped')
    throw new UsageError(`thread ${row.threadId}: is ${row.status}; it cannot be cancelled`);
  await stores.audit.assertTail();
  await stores.audit.append({ threadId: row.threadId, actor: person.id, action: 'run-cancel', stage: row.stage });
  if (await end(runtime, row.threadId)) {
    // Nobody is asked any more: a listing of what waits must not name it.
    await stores.served.threads.settle(row.threadId, { interrupts: {}, paused: false });
    await writeReport(runtime, row.threadId);
  }
  await stores.approvals.void(row.threadId);
}

/** A process may take the thread at any moment, and let it go at any other. True where this one ended it. */
async function end({ stores, clock, person }: Runtime, threadId: string): Promise<boolean> {
  const until = clock.monotonic() + CANCEL_WAIT_MS;
  do {
    const row = await stores.runs.get(threadId);
    if (row === undefined || (row.status !== 'running' && row.status !== 'waiting')) return false;
    const reason = reasonFor(threadId, { code: 'CANCELLED', message: `cancelled by ${person.id}`, stage: row.stage, evidence: [] });
    if (!row.live && (await isMarked(stores.runs, threadId, reason))) return true;
    await stores.runs.requestCancel(threadId);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  } while (clock.monotonic() < until);
  return false;
}

/** False where a process took the thread since. */
async function isMarked(runs: Runs, threadId: string, reason: StopReason): Promise<boolean> {
  try {
    await runs.markCancelled(threadId, reason);
    return true;
  } catch (error) {
    if (error instanceof UsageError && error.code === 'THREAD_BUSY') return false;
    throw error;
  }
}
