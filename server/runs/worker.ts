/** The worker: claims runs of the queue and works on so many at once. No run waits for a timer of this process. */
import { FencedError, toError } from '../../domain/errors.ts';
import type { CancelAction, RunLease, ServedRun } from '../../domain/served.ts';
import type { Server } from '../context.ts';
import { Stopped } from './stopped.ts';
import { work } from './work.ts';

/** How long other processes' runs wait at most to be seen here, in ms. */
const POLL_MS = 500;

export interface Worker {
  poke(): void;
  stopRuns(runIds: readonly string[], action: CancelAction): void;
  isLocal(runId: string): boolean;
  /** Claims no more; runs that do not end within `graceMs` are given back to the queue. */
  drain(graceMs: number): Promise<void>;
}

interface Running {
  readonly threadId: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export function startWorker(server: Server): Worker {
  const running = new Map<string, Running>();
  const draining = new AbortController();
  const pump = turns(async () => {
    while (running.size < server.limits.concurrency && !draining.signal.aborted) {
      const claimed = await server.served.queue.claim(new Set(running.keys()));
      if (claimed === undefined) break;
      begin(claimed.run, claimed.lease);
    }
  });
  const look = (): void => {
    pump().catch((error: unknown) => server.log('error', `the run queue cannot be read: ${toError(error).message}`));
  };
  const begin = (run: ServedRun, lease: RunLease): void => {
    const abort = new AbortController();
    // One that was lost to another process, and ended there, may still be on its way out here: it must not write under this lease.
    const lost = [...running.values()].filter(({ threadId }) => threadId === run.threadId);
    for (const one of lost) one.abort.abort(new FencedError(run.threadId, lease.epoch));
    const done = Promise.all(lost.map((one) => one.done))
      .then(() => work({ server, run, lease, abort, drain: draining.signal }))
      .catch((error: unknown) => server.log('error', `run ${run.runId}: its end could not be written: ${toError(error).message}`))
      .finally(() => {
        running.delete(run.runId);
        server.wakes.wake(run.runId);
        look();
      });
    running.set(run.runId, { threadId: run.threadId, abort, done });
  };
  const timer = setInterval(look, POLL_MS);
  timer.unref();
  look();
  return {
    poke: look,
    isLocal: (runId) => running.has(runId),
    stopRuns: (runIds, action) => {
      for (const runId of runIds) {
        running.get(runId)?.abort.abort(new Stopped(action));
        server.wakes.wake(runId);
      }
    },
    drain: async (graceMs) => {
      clearInterval(timer);
      draining.abort(new Stopped('drain'));
      await allEnded([...running.values()], graceMs);
    },
  };
}

/** One turn at a time; what is asked for while one is under way makes one more follow it. */
function turns(turn: () => Promise<void>): () => Promise<void> {
  let busy = false;
  let again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        await turn();
      }
    } finally {
      busy = false;
    }
  };
}

/** Those that are late are told to stop. */
async function allEnded(all: readonly Running[], graceMs: number): Promise<void> {
  const late = setTimeout(() => {
    for (const { abort } of all) abort.abort(new Stopped('drain'));
  }, graceMs);
  await Promise.allSettled(all.map(({ done }) => done));
  clearTimeout(late);
}
