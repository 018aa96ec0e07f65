/** The fence of graphs that are not the governor's: the epoch of the thread's run. */
import { FencedError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/ports.ts';
import type { Transaction } from '../sql/transaction.ts';
import { holds } from './queue/holds.ts';

/** @throws FencedError when the run is another process's now. */
export function* assertHeld(fence: Fence): Transaction<void> {
  if (!(yield* holds(fence))) throw new FencedError(fence.threadId, fence.epoch);
}
