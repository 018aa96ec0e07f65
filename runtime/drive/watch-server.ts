/** After a decision: the live server goes on with the thread and this process watches; without one this process goes on itself. */
import type { RunRow } from '../../domain/ports.ts';
import type { DriveOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { isServed } from './presence.ts';

const POLL_MS = 150;
/** How long a live server may take until it begins, in ms; it may be busy with other runs. */
const BEGIN_MS = 10_000;

/** True when the server has gone on and the thread rests again, or the watcher leaves; false: nobody runs it. */
export async function watchServer(runtime: Runtime, row: RunRow, options: DriveOptions): Promise<boolean> {
  const { runs } = runtime.stores;
  const until = runtime.clock.monotonic() + BEGIN_MS;
  for (;;) {
    const now = await runs.get(row.threadId);
    if (now === undefined) return false;
    const begun = now.epoch !== row.epoch;
    if (options.drain?.aborted === true || options.signal?.aborted === true) return begun || isServed(runtime);
    // Whoever ran it died in it: it is free to be taken over.
    if (begun && !now.live) return now.status !== 'running';
    if (!begun && (!isServed(runtime) || runtime.clock.monotonic() > until)) return false;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
