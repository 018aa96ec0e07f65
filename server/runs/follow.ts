/** Follows a run's events and its end, from its rows: at the reader's own pace, from any process, after any restart. */
import type { EventRow, Scope, ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';

/** A comment so often, so that clients and proxies know that the stream lives, in ms. */
const HEARTBEAT_MS = 5000;
/** How long the events of another process's run wait at most to be seen here, in ms. */
const POLL_MS = 100;
const PAGE = 200;
const PAGE_BYTES = 256 * 1024;

export const isOpen = (run: ServedRun | undefined): boolean => run?.status === 'pending' || run?.status === 'running';

/** The events after `afterSeq`, until the run has ended; `undefined` is a heartbeat. */
export async function* follow(server: Server, run: ServedRun, afterSeq: number, signal: AbortSignal): AsyncGenerator<EventRow | undefined> {
  const { queue, events } = server.served;
  const heartbeatMs = server.limits.heartbeatMs ?? HEARTBEAT_MS;
  const scope: Scope = { tenant: run.tenant };
  const subscription = server.wakes.subscribe(run.runId);
  const onAbort = (): void => subscription.close();
  signal.addEventListener('abort', onAbort, { once: true });
  let cursor = afterSeq;
  let quietSince = server.runtime.clock.monotonic();
  try {
    while (!signal.aborted) {
      // The end is looked at first: what was written before it is then read for sure.
      const ended = !isOpen(await queue.get(scope, undefined, run.runId));
      const rows = await events.read(run.runId, cursor, PAGE, PAGE_BYTES);
      for (const row of rows) {
        yield row;
        if (signal.aborted) return;
        cursor = row.seq;
      }
      if (rows.length > 0) {
        quietSince = server.runtime.clock.monotonic();
        continue;
      }
      if (ended) return;
      const quiet = server.runtime.clock.monotonic() - quietSince;
      if (quiet >= heartbeatMs) {
        quietSince = server.runtime.clock.monotonic();
        yield undefined;
        continue;
      }
      await subscription.next(Math.min(heartbeatMs - quiet, server.isLocal(run.runId) ? heartbeatMs : POLL_MS));
    }
  } finally {
    subscription.close();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits until the run has ended; its row, or undefined when it is gone (rolled back, deleted). */
export async function ended(server: Server, run: ServedRun, signal: AbortSignal): Promise<ServedRun | undefined> {
  const scope: Scope = { tenant: run.tenant };
  const subscription = server.wakes.subscribe(run.runId);
  const onAbort = (): void => subscription.close();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const now = await server.served.queue.get(scope, undefined, run.runId);
      if (!isOpen(now) || signal.aborted) return now;
      await subscription.next(server.isLocal(run.runId) ? HEARTBEAT_MS : POLL_MS);
    }
  } finally {
    subscription.close();
    signal.removeEventListener('abort', onAbort);
  }
}
