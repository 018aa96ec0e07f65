/** Attempt numbers by (thread, stage, inputs): a replay finds its own, other inputs get the next. */
import type { Attempts, Fence } from '../domain/ports.ts';
import { assertFence } from './fence.ts';
import { one, run, type Sql, type Transaction } from './sql/transaction.ts';

export function createAttempts(sql: Sql): Attempts {
  return { allocate: async (fence, stage, inputs) => sql.write(() => allocate(fence, stage, inputs)) };
}

function* allocate(fence: Fence, stage: string, inputs: string): Transaction<number> {
  yield* assertFence(fence);
  const { threadId } = fence;
  const found = yield* one<{ number: number }>('SELECT number FROM attempts WHERE thread_id = $1 AND stage = $2 AND inputs = $3', [
    threadId,
    stage,
    inputs,
  ]);
  if (found !== undefined) return found.number;
  const last = yield* one<{ number: number | null }>('SELECT MAX(number) AS number FROM attempts WHERE thread_id = $1 AND stage = $2', [
    threadId,
    stage,
  ]);
  const number = (last?.number ?? 0) + 1;
  yield* run('INSERT INTO attempts (thread_id, stage, inputs, number) VALUES ($1, $2, $3, $4)', [threadId, stage, inputs, number]);
  return number;
}
