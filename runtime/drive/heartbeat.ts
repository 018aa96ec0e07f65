/** The heartbeat of a process that holds a thread: keeps the lease, books machine time, aborts on cancel, take-over or the limit. */
import { FencedError, StopError, toError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/ports.ts';
import type { Runtime } from '../runtime.ts';

const HEARTBEAT_MS = 500;

export interface Heartbeat {
  /** Books the machine time since the last beat now. */
  beat(): Promise<void>;
  /** Sets the machine time limit; reaching it aborts with `TIME_LIMIT`. */
  limit(limitMs: number, usedMs: number): void;
  stop(): void;
}

/** Starts beating; `abort` gets the reason when the work must end. */
export function startHeartbeat(runtime: Runtime, fence: Fence, abort: AbortController): Heartbeat {
  const { clock, stores } = runtime;
  const startedAt = clock.monotonic();
  let bookedAt = startedAt;
  let limit: { limitMs: number; usedMs: number } | undefined;
  const beat = async (): Promise<void> => {
    const now = clock.monotonic();
    const elapsed = Math.round(now - bookedAt);
    bookedAt = now;
    const answer = await stores.runs.heartbeat(fence, elapsed);
    if (answer === 'lost') abort.abort(new FencedError(fence.threadId, fence.epoch));
    if (answer === 'cancelled') abort.abort(new StopError('CANCELLED', 'cancelled by a person'));
    if (limit !== undefined && limit.usedMs + (now - startedAt) >= limit.limitMs) {
      abort.abort(
        new StopError(
          'TIME_LIMIT',
          `machine time: ${Math.round(limit.usedMs + now - startedAt)} ms are used of ${limit.limitMs} ms (limits.machineTime)`,
        ),
      );
    }
  };
  const timer = setInterval(() => {
    beat().catch((error: unknown) => abort.abort(toError(error)));
  }, HEARTBEAT_MS);
  return {
    beat,
    limit: (limitMs, usedMs) => {
      limit = { limitMs, usedMs };
    },
    stop: () => clearInterval(timer),
  };
}
