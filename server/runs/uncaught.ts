/** Finds the run under which an uncaught exception was thrown, and ends that run and no other. */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Running {
  readonly runId: string;
  /** Does nothing once the run has ended. */
  fail(error: Error): void;
}

const running = new AsyncLocalStorage<Running>();

/** Runs `work`; what it leaves behind (timers, sockets, callbacks) counts as the run's too. */
export function underRun<Result>(run: Running, work: () => Promise<Result>): Promise<Result> {
  return running.run(run, work);
}

/** To be called where Node tells of an uncaught exception. The id of the run that threw it; undefined: none, or one that cannot be told. */
export function blame(error: Error): string | undefined {
  const run = running.getStore();
  run?.fail(error);
  return run?.runId;
}
