/** Copies a thread with its checkpoints, without its runs. */
import { canonicalJson } from '../../../domain/ids.ts';
import type { Json, Scope, ThreadRow } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { needThread, needUngoverned } from './thread-row.ts';

export interface ThreadCopy {
  readonly threadId: string;
  readonly newId: string;
  readonly metadata: Json;
  /** ISO. */
  readonly at: string;
}

/** @throws ServedError `missing`; `conflict` for a governed one. */
export function* copyThread(scope: Scope, { threadId, newId, metadata, at }: ThreadCopy): Transaction<ThreadRow> {
  yield* needUngoverned(scope, threadId);
  yield* run(
    `INSERT INTO threads (thread_id, tenant, created_at, updated_at, state_updated_at, metadata, config, status, rest, "values", interrupts, error)
     SELECT $1, tenant, $2, $2, state_updated_at, $3, config, rest, rest, "values", interrupts, error FROM threads WHERE thread_id = $4`,
    [newId, at, canonicalJson(metadata), threadId],
  );
  // In their order: the latest is the newest inserted.
  yield* run(
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
     SELECT $1, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, renamed(metadata, $2, $1)
     FROM checkpoints_by_arrival WHERE thread_id = $2 ORDER BY arrival`,
    [newId, threadId],
  );
  yield* run(
    `INSERT INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value)
     SELECT $1, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value FROM writes_by_arrival WHERE thread_id = $2 ORDER BY arrival`,
    [newId, threadId],
  );
  return yield* needThread({ tenant: scope.tenant }, newId);
}
