/** The fence: a write of a run is refused unless its lease is the current one. */
import { FencedError } from '../domain/errors.ts';
import type { Fence } from '../domain/ports.ts';
import { one, type Transaction } from './sql/transaction.ts';

/** First in the transaction of every write of a run. @throws FencedError when the lease is stale. */
export function* assertFence(fence: Fence): Transaction<void> {
  const row = yield* one<{ epoch: number }>('SELECT epoch FROM runs WHERE thread_id = $1', [fence.threadId]);
  if (row === undefined || row.epoch !== fence.epoch) throw new FencedError(fence.threadId, fence.epoch);
}
