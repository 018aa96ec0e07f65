/** Follows the runs of a thread one after the other, for as long as its reader stays: the older API's stream of a thread. */
import type { Server } from '../context.ts';
import { follow } from './follow.ts';

const HEARTBEAT_MS = 5000;
/** How long a run that another process put waits at most to be seen here, in ms. */
const POLL_MS = 500;

/** The place of a run among the runs of its thread, and of an event in it; `end`: behind all of them. */
export interface EventPlace {
  readonly run: number;
  readonly event: number | 'end';
}

export interface RunsEvent {
  readonly id: string;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
}

/** `undefined` is a heartbeat. `after` undefined: begins with the runs that are open now. */
export async function* followRuns(
  server: Server,
  {
    threadId,
    after,
    isSeen,
  }: { readonly threadId: string; readonly after: EventPlace | undefined; readonly isSeen: () => Promise<boolean> },
  signal: AbortSignal,
): AsyncGenerator<RunsEvent | undefined> {
  const { queue } = server.served;
  const heartbeatMs = server.limits.heartbeatMs ?? HEARTBEAT_MS;
  const leaving = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let cursor = after ?? { run: await queue.lastEnded(threadId), event: 'end' as const };
  let quietSince = server.runtime.clock.monotonic();
  while (!signal.aborted) {
    const begun = await queue.nextBegun(threadId, cursor.event === 'end' ? cursor.run : cursor.run - 1);
    if (begun !== undefined && (await isSeen())) {
      const { run, place } = begun;
      const from = cursor.event !== 'end' && cursor.run === place ? cursor.event : -1;
      for await (const row of follow(server, run, from, signal))
        yield row === undefined ? undefined : { id: `${place}-${row.seq}`, event: row.event, data: row.data };
      if (signal.aborted) return;
      const status = (await queue.get({ tenant: run.tenant }, undefined, run.runId))?.status ?? 'interrupted';
      yield { id: `${place}-end`, event: 'run_done', data: JSON.stringify({ run_id: run.runId, status }) };
      cursor = { run: place, event: 'end' };
      quietSince = server.runtime.clock.monotonic();
    } else if (server.runtime.clock.monotonic() - quietSince >= heartbeatMs) {
      quietSince = server.runtime.clock.monotonic();
      yield undefined;
    } else await pause(Math.min(POLL_MS, heartbeatMs), leaving);
  }
}

async function pause(ms: number, leaving: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([waited, leaving]);
  clearTimeout(timer);
}
