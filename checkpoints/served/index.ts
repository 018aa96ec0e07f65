/** Opens everything that the server keeps, on the home's database. */
import { FencedError } from '../../domain/errors.ts';
import type { Clock, Fence } from '../../domain/ports.ts';
import type { Served } from '../../domain/server-stores.ts';
import type { Database } from '../database.ts';
import type { GuardedSaver } from '../saver/guarded-saver.ts';
import { guardedSqliteSaver } from '../saver/sqlite-saver.ts';
import type { Sql, Transaction } from '../sql/transaction.ts';
import { createAssistants } from './assistants/assistants.ts';
import { createEvents } from './events.ts';
import { createIdempotency } from './idempotency.ts';
import { createItems } from './items.ts';
import { createKeys } from './keys.ts';
import { createOutbox } from './outbox.ts';
import { holds } from './queue/holds.ts';
import { createQueue } from './queue/queue.ts';
import { createThreadEvents } from './thread-events.ts';
import { createThreads } from './threads/threads.ts';

/** What a run writes on its way is `relaxed`. */
export function createServed(sql: Sql, relaxed: Sql, clock: Clock): Served {
  return {
    threads: createThreads(sql, clock),
    queue: createQueue(sql, relaxed, clock),
    events: createEvents(relaxed),
    threadEvents: createThreadEvents(relaxed),
    assistants: createAssistants(sql, clock),
    items: createItems(sql, clock),
    outbox: createOutbox(sql, clock),
    keys: createKeys(sql, clock),
    idempotency: createIdempotency(sql, clock),
  };
}

/** The saver of graphs that are not the governor's: fenced by the epoch of the thread's run. */
export const createServedSaver = (database: Database): GuardedSaver => guardedSqliteSaver(database, assertHeld);

function* assertHeld(fence: Fence): Transaction<void> {
  if (!(yield* holds(fence))) throw new FencedError(fence.threadId, fence.epoch);
}
