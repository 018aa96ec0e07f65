/** Everything that the server keeps, on one database. */
import type { Crons } from './crons.ts';
import type { Feedback } from './feedback.ts';
import type { Idempotency } from './idempotency.ts';
import type { Items } from './items.ts';
import type { Keys } from './keys.ts';
import type { Outbox } from './outbox.ts';
import type { Assistants, Events, Queue, Threads } from './served.ts';
import type { ThreadEvents } from './thread-events.ts';

export interface Served {
  readonly threads: Threads;
  readonly queue: Queue;
  readonly events: Events;
  readonly threadEvents: ThreadEvents;
  readonly assistants: Assistants;
  readonly items: Items;
  readonly crons: Crons;
  readonly feedback: Feedback;
  readonly outbox: Outbox;
  readonly keys: Keys;
  readonly idempotency: Idempotency;
}
