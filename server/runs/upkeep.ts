/** What the server removes by itself: events and answers past their time, threads and items that have outlived theirs. */
import { toError } from '../../domain/errors.ts';
import type { Server } from '../context.ts';

const EVERY_MS = 60_000;
const IDEMPOTENCY_MS = 24 * 3600 * 1000;
/** Rows of one kind in one turn; a turn that was full is followed by another soon. */
const BATCH = 500;
const SOON_MS = 250;

/** @returns a function that stops it. */
export function startUpkeep(server: Server): () => void {
  const { served, runtime, limits } = server;
  const before = (ms: number): string => new Date(runtime.clock.now() - ms).toISOString();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    let full = false;
    try {
      const counts = [
        await served.events.prune(before(limits.keepEventsMs), BATCH),
        await served.threadEvents.prune(before(limits.keepEventsMs), BATCH),
        await served.queue.prune(before(limits.keepEventsMs), BATCH),
        await served.idempotency.prune(before(IDEMPOTENCY_MS), BATCH),
        await served.threads.expire(BATCH),
        await served.items.expire(BATCH),
      ];
      full = counts.some((count) => count >= BATCH);
    } catch (error) {
      server.log('error', `upkeep: ${toError(error).message}`);
    }
    if (!stopped) schedule(full ? SOON_MS : EVERY_MS);
  };
  const schedule = (ms: number): void => {
    timer = setTimeout(() => void turn(), ms);
    timer.unref();
  };
  schedule(SOON_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
