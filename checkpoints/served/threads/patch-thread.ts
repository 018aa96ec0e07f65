/** Merges metadata and config into a thread, and sets how long it lives. */
import { canonicalJson } from '../../../domain/ids.ts';
import type { Scope, ThreadRow, Threads } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { needThread } from './thread-row.ts';
import { expiresAt } from './time-to-live.ts';

type Patch = Parameters<Threads['patch']>[2];

/** `at` is ISO. @throws ServedError `missing`. */
export function* patchThread(scope: Scope, threadId: string, patch: Patch, at: string): Transaction<ThreadRow> {
  const thread = yield* needThread(scope, threadId);
  const ttl = patch.ttlMinutes === undefined ? thread.ttlMinutes : patch.ttlMinutes;
  // Which graph a governed thread is on says who may see it.
  const graph = thread.governed ? { graph_id: thread.metadata['graph_id'] } : {};
  yield* run('UPDATE threads SET metadata = $1, config = $2, ttl_minutes = $3, expires_at = $4, updated_at = $5 WHERE thread_id = $6', [
    canonicalJson({ ...thread.metadata, ...patch.metadata, ...graph }),
    canonicalJson({ ...thread.config, ...patch.config }),
    ttl,
    expiresAt(at, ttl),
    at,
    threadId,
  ]);
  return yield* needThread({ tenant: scope.tenant }, threadId);
}
