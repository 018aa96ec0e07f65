/** Tells the followers of threads how far each stream has grown: at once where this process wrote, else a moment later. */
import { toError } from '../../domain/errors.ts';
import type { Follower, Server, ThreadWatch } from '../context.ts';

/** How often the streams that are followed here are looked at for what other processes wrote, in ms; with more threads less often. */
const POLL_MS = 100;
const POLL_MS_PER_THREAD = 0.25;

interface Watched {
  last: number;
  readonly followers: Set<() => void>;
}

export function createThreadWatch({ served, log }: Pick<Server, 'served' | 'log'>): ThreadWatch {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const set = (threadId: string, last: number): void => {
    const one = watched.get(threadId);
    // A thread that was deleted and made again counts anew.
    if (one === undefined || one.last === last) return;
    one.last = last;
    for (const wake of one.followers) wake();
  };
  const look = async (threadIds: readonly string[]): Promise<void> => {
    const asked = threadIds.filter((threadId) => watched.has(threadId));
    const before = new Map(asked.map((threadId) => [threadId, watched.get(threadId)?.last]));
    const found = await served.threadEvents.lasts(asked);
    // What this process wrote in the meantime is newer than what was read.
    for (const threadId of asked) if (watched.get(threadId)?.last === before.get(threadId)) set(threadId, found.get(threadId) ?? 0);
  };
  const poll = async (): Promise<void> => {
    try {
      await look([...watched.keys()]);
    } catch (error) {
      log('error', `the streams of threads cannot be read: ${toError(error).message}`);
    }
    timer = undefined;
    schedule();
  };
  const schedule = (): void => {
    if (timer !== undefined || watched.size === 0 || over) return;
    timer = setTimeout(() => void poll(), Math.max(POLL_MS, watched.size * POLL_MS_PER_THREAD));
    timer.unref();
  };
  return {
    follow: async (threadId) => {
      const one = watched.get(threadId) ?? { last: 0, followers: new Set() };
      watched.set(threadId, one);
      const closed = (): void => {
        if (one.followers.size === 0 && watched.get(threadId) === one) watched.delete(threadId);
      };
      const follower = createFollower(one, { closed, isOver: () => over });
      schedule();
      await look([threadId]);
      return follower;
    },
    grown: set,
    look: (threadId) => look([threadId]),
    stop: async () => {
      clearTimeout(timer);
      await look([...watched.keys()]);
      over = true;
      for (const { followers } of watched.values()) for (const wake of followers) wake();
    },
  };
}

function createFollower(one: Watched, { closed, isOver }: { readonly closed: () => void; readonly isOver: () => boolean }): Follower {
  let dirty = false;
  let wake: (() => void) | undefined;
  const heard = (): void => {
    dirty = true;
    wake?.();
  };
  one.followers.add(heard);
  return {
    last: () => one.last,
    isOver,
    next: (ms) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          wake = undefined;
          dirty = false;
          resolve();
        };
        const timer = setTimeout(done, ms);
        wake = done;
        if (dirty) done();
      }),
    close: () => {
      one.followers.delete(heard);
      wake?.();
      closed();
    },
  };
}
