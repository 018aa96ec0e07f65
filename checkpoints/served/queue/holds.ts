/** Whether a lease is still its thread's current one. */
import type { RunLease } from '../../../domain/served.ts';
import { one, type Transaction } from '../../sql/transaction.ts';

/** To be asked inside the transaction of the write that it guards. */
export function* holds(lease: Pick<RunLease, 'threadId' | 'epoch'>): Transaction<boolean> {
  const row = yield* one<{ epoch: number }>('SELECT epoch FROM threads WHERE thread_id = $1', [lease.threadId]);
  return row?.epoch === lease.epoch;
}
