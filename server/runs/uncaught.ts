/** Whose an exception is that nobody caught: the run under which it was thrown, which it ends, and no other. */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Running {
  readonly runId: string;
  /** Does nothing once the run has ended. */
  fail(error: Error): void;
}

const running = new AsyncLocalStorage<Running>();

/** What `work` leaves behind (timers, sockets, callbacks) is the run's too. */
export function underRun<Result>(run: Running, work: () => Promise<Result>): Promise<Result> {
  return running.run(run, work);
}

/** To be called where Node tells of an uncaught exception. The id of the run that threw it; undefined: none, or one that cannot be told. */
export function blame(error: Error): string | undefined {
  const run = running.getStore();
  run?.fail(error);
  return run?.runId;
}
