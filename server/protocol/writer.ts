/** Writes a run's events into its thread's stream: together where they come together, and always before anybody is told of them. */
import { toError } from '../../domain/errors.ts';
import type { RunLease } from '../../domain/served.ts';
import type { NewThreadEvent } from '../../domain/thread-events.ts';
import type { Server } from '../context.ts';

/** Events that wait at most before the run waits for them. */
const BATCH = 64;

export interface ThreadWriter {
  write(event: NewThreadEvent): Promise<void>;
  /** Writes what waits. @throws what an earlier write met. */
  flush(): Promise<void>;
}

export function createThreadWriter(
  { served, limits, threads }: Pick<Server, 'served' | 'limits' | 'threads'>,
  lease: RunLease,
): ThreadWriter {
  let waiting: NewThreadEvent[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let failure: Error | undefined;
  let writing: Promise<void> = Promise.resolve();
  const append = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0 || failure !== undefined) return;
    threads.grown(lease.threadId, await served.threadEvents.append(lease, batch, limits.threadEventCharacters));
  };
  const flush = async (): Promise<void> => {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    writing = writing.then(append).catch((error: unknown) => {
      failure ??= toError(error);
    });
    await writing;
    if (failure !== undefined) throw failure;
  };
  return {
    write: async (event) => {
      if (failure !== undefined) throw failure;
      waiting.push(event);
      if (waiting.length >= BATCH) await flush();
      else scheduled ??= setImmediate(() => void flush().catch(() => undefined)); // the next write or flush throws it
    },
    flush,
  };
}
