/** Attempt numbers by (thread, stage, inputs): a replay finds its own, other inputs get the next. */
import type { Attempts } from '../domain/ports.ts';
import { assertFence, type Database } from './database.ts';

export function createAttempts(database: Database): Attempts {
  return {
    allocate: async (fence, stage, inputs) => {
      const allocate = database.transaction((): number => {
        assertFence(database, fence);
        const found = database
          .prepare('SELECT number FROM attempts WHERE thread_id = ? AND stage = ? AND inputs = ?')
          .get(fence.threadId, stage, inputs) as { number: number } | undefined; // the selected column
        if (found !== undefined) return found.number;
        const { next } = database
          .prepare('SELECT COALESCE(MAX(number), 0) + 1 AS next FROM attempts WHERE thread_id = ? AND stage = ?')
          .get(fence.threadId, stage) as {
          next: number;
        }; // an aggregate always has one row
        database
          .prepare('INSERT INTO attempts (thread_id, stage, inputs, number) VALUES (?, ?, ?, ?)')
          .run(fence.threadId, stage, inputs, next);
        return next;
      });
      return allocate.immediate();
    },
  };
}
