/** Writes a run's events: together where they come together, and always before anybody is told of them. */
import { toError } from '../../domain/errors.ts';
import type { Events, RunLease } from '../../domain/served.ts';
import type { Wakes } from '../context.ts';
import { toJson } from '../http/endpoint.ts';

/** Events that wait at most before the run waits for them. */
const BATCH = 64;
/** Longest data of one event, in characters; a longer one is told without it. */
const MAX_EVENT = 16 * 1024 * 1024;

export interface EventWriter {
  write(event: string, data: unknown): Promise<void>;
  /** Writes what waits. @throws what an earlier write met. */
  flush(): Promise<void>;
}

export function createWriter(events: Events, wakes: Wakes, lease: RunLease, maxBytes: number): EventWriter {
  let waiting: { event: string; data: string }[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let failure: Error | undefined;
  const sizes: number[] = [];
  let total = 0;
  let writing: Promise<void> = Promise.resolve();

  const append = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const last = await events.append(lease, batch);
    for (const { data } of batch) {
      sizes.push(data.length);
      total += data.length;
    }
    let dropped = 0;
    while (total > maxBytes && sizes.length - dropped > 1) {
      total -= sizes[dropped] ?? 0;
      dropped += 1;
    }
    if (dropped > 0) {
      sizes.splice(0, dropped);
      await events.trim(lease.runId, last - sizes.length + 1);
    }
    wakes.wake(lease.runId);
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
    write: async (event, data) => {
      if (failure !== undefined) throw failure;
      const text = toJson(data);
      waiting.push(
        text.length <= MAX_EVENT
          ? { event, data: text }
          : {
              event,
              data: JSON.stringify({
                error: 'EventTooLarge',
                message: `${event}: ${text.length} characters; at most ${MAX_EVENT} are kept`,
              }),
            },
      );
      if (waiting.length >= BATCH) await flush();
      else scheduled ??= setImmediate(() => void flush().catch(() => undefined)); // the next write or flush throws it
    },
    flush,
  };
}
