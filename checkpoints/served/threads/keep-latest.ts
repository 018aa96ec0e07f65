/** Deletes all checkpoints of a thread but the newest of each namespace. */
import { type Scope, ServedError } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { needUngoverned } from './thread-row.ts';

/** @throws ServedError `missing`; `conflict` for a governed or busy one. */
export function* keepLatest(scope: Scope, threadId: string): Transaction<void> {
  const { status } = yield* needUngoverned(scope, threadId);
  if (status === 'busy') throw new ServedError('conflict', `thread ${threadId} is busy: a run is pending or running`);
  yield* run(
    `DELETE FROM checkpoints WHERE thread_id = $1 AND (checkpoint_ns, checkpoint_id) NOT IN
       (SELECT c.checkpoint_ns, c.checkpoint_id FROM checkpoints_by_arrival c WHERE c.thread_id = $1 AND c.arrival IN
          (SELECT MAX(n.arrival) FROM checkpoints_by_arrival n WHERE n.thread_id = $1 GROUP BY n.checkpoint_ns))`,
    [threadId],
  );
  yield* run(
    `DELETE FROM writes WHERE thread_id = $1 AND (checkpoint_ns, checkpoint_id) NOT IN
       (SELECT checkpoint_ns, checkpoint_id FROM checkpoints WHERE thread_id = $1)`,
    [threadId],
  );
}
