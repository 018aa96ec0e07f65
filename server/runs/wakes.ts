/** Wakes the readers of a run's events in this process. */
import type { Subscription, Wakes } from '../context.ts';

interface Waiter {
  dirty: boolean;
  wake: (() => void) | undefined;
}

export function createWakes(): Wakes {
  const waiters = new Map<string, Set<Waiter>>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    wake: (runId) => {
      for (const waiter of waiters.get(runId) ?? []) {
        waiter.dirty = true;
        waiter.wake?.();
      }
    },
    subscribe: (runId): Subscription => {
      const waiter: Waiter = { dirty: false, wake: undefined };
      const all = waiters.get(runId) ?? new Set();
      all.add(waiter);
      waiters.set(runId, all);
      size += 1;
      return {
        next: (ms) =>
          new Promise((resolve) => {
            const done = (): void => {
              clearTimeout(timer);
              waiter.wake = undefined;
              waiter.dirty = false;
              resolve();
            };
            const timer = setTimeout(done, ms);
            waiter.wake = done;
            if (waiter.dirty) done();
          }),
        close: () => {
          if (!all.delete(waiter)) return;
          size -= 1;
          if (all.size === 0) waiters.delete(runId);
          waiter.wake?.();
        },
      };
    },
  };
}
