/** Goes on with threads that were decided elsewhere: an approval by the command line is run by the live server. */
import { toError } from '../../domain/errors.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { Server } from '../context.ts';
import { continueRun } from './continue.ts';

const EVERY_MS = 1000;
const BATCH = 100;

/** Puts a run for each such thread; `put` remembers which, so that one that does not go on is not tried for ever. */
export async function sweepApproved(server: Server, put: Set<string>): Promise<number> {
  let count = 0;
  for (const { threadId, tenant } of await server.served.threads.decided(BATCH)) {
    const row = await server.runtime.stores.runs.get(threadId);
    if (row === undefined || row.live || put.has(`${threadId} ${row.epoch}`)) continue;
    put.add(`${threadId} ${row.epoch}`);
    await continueRun(server, { tenant }, row);
    count += 1;
  }
  return count;
}

/** @returns a function that stops it. */
export function startSweep(server: Server): () => void {
  const operations = operationsOf(server.runtime);
  const put = new Set<string>();
  let told = '';
  const turn = async (): Promise<void> => {
    try {
      operations.announceServer();
      await sweepApproved(server, put);
      told = '';
    } catch (error) {
      const message = `decided threads cannot be looked for: ${toError(error).message}`;
      if (message !== told) server.log('error', message);
      told = message;
    }
  };
  void turn();
  const timer = setInterval(() => void turn(), EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    operations.withdrawServer();
  };
}
