/** Opens everything that the server keeps, on the home's database. */
import { FencedError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Served } from '../../domain/server-stores.ts';
import type { Database } from '../database.ts';
import type { GuardedSaver } from '../saver/guarded-saver.ts';
import { guardedSqliteSaver } from '../saver/sqlite-saver.ts';
import { createAssistants } from './assistants.ts';
import { createEvents } from './events.ts';
import { createIdempotency } from './idempotency.ts';
import { createItems } from './items.ts';
import { createKeys } from './keys.ts';
import { createOutbox } from './outbox.ts';
import { createQueue, holds } from './queue.ts';
import { createThreads } from './threads.ts';

/** `quick` is a second connection that commits without waiting for the disk: for what a run writes on its way. */
export function createServed(database: Database, quick: Database, clock: Clock): Served {
  return {
    threads: createThreads(database, clock),
    queue: createQueue(database, quick, clock),
    events: createEvents(quick),
    assistants: createAssistants(database, clock),
    items: createItems(database, clock),
    outbox: createOutbox(database, clock),
    keys: createKeys(database, clock),
    idempotency: createIdempotency(database, clock),
  };
}

/** The saver of graphs that are not the governor's: fenced by the epoch of the thread's run. */
export function createServedSaver(database: Database): GuardedSaver {
  // It asks on the connection whose transaction it is called in.
  // biome-ignore lint/correctness/useYield: it has nothing to yield
  return guardedSqliteSaver(database, function* (fence) {
    if (!holds(database, fence)) throw new FencedError(fence.threadId, fence.epoch);
  });
}
