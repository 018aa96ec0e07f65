/** Opens everything that the server keeps, on the home's database. */
import type { Clock } from '../../domain/ports.ts';
import type { Served } from '../../domain/server-stores.ts';
import type { Sql } from '../sql/transaction.ts';
import { createAssistants } from './assistants/assistants.ts';
import { createCrons } from './crons/crons.ts';
import { createEvents } from './events.ts';
import { createFeedback } from './feedback.ts';
import { createIdempotency } from './idempotency.ts';
import { createItems } from './items.ts';
import { createKeys } from './keys.ts';
import { createOutbox } from './outbox.ts';
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
    crons: createCrons(sql, clock),
    feedback: createFeedback(sql, clock),
    outbox: createOutbox(sql, clock),
    keys: createKeys(sql, clock),
    idempotency: createIdempotency(sql, clock),
  };
}
