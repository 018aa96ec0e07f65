/** Cancels a run: stops a live one, or marks one that nobody runs. Recorded before anything stops. */
import { UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { reasonFor } from '../drive/reason-for.ts';
import { writeReport } from '../look/report.ts';
import type { Runtime } from '../runtime.ts';

/** How long `cancel` waits for a live process to stop, in ms. */
const CANCEL_WAIT_MS = 10_000;

/** Stops a live run, or marks one that nobody runs. */
export async function cancel(runtime: Runtime, row: RunRow): Promise<void> {
  const { stores, person } = runtime;
  if (row.status === 'cancelled' || (row.status === 'stopped' && row.reason?.resumable === true)) return;
  if (row.status === 'released' || row.status === 'unchanged' || row.status === 'rolled_back' || row.status === 'stopped')
    throw new UsageError(`thread ${row.threadId}: is ${row.status}; it cannot be cancelled`);
  await stores.audit.assertTail();
  await stores.audit.append({ threadId: row.threadId, actor: person.id, action: 'run-cancel', stage: row.stage });
  if (row.live) {
    await stores.runs.requestCancel(row.threadId, true);
    const until = runtime.clock.monotonic() + CANCEL_WAIT_MS;
    while (runtime.clock.monotonic() < until) {
      const now = await stores.runs.get(row.threadId);
      if (now === undefined || !now.live) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const now = await stores.runs.get(row.threadId);
  await stores.approvals.void(row.threadId);
  if (now !== undefined && !now.live && (now.status === 'running' || now.status === 'waiting')) {
    await stores.runs.markCancelled(
      row.threadId,
      reasonFor(row.threadId, { code: 'CANCELLED', message: `cancelled by ${person.id}`, stage: now.stage, evidence: [] }),
    );
    // Nobody is asked any more: a listing of what waits must not name it.
    await stores.served.threads.settle(row.threadId, { interrupts: {}, paused: false });
    await writeReport(runtime, row.threadId);
  }
}
