/** Makes a thread, or finds the one that is there. */
import { canonicalJson } from '../../../domain/ids.ts';
import { type Scope, ServedError, type ThreadRow, type Threads } from '../../../domain/served.ts';
import { run, type Transaction } from '../../sql/transaction.ts';
import { findThread } from './thread-row.ts';
import { expiresAt } from './time-to-live.ts';

/** `at` is ISO. @throws ServedError `conflict`. */
export function* createThread(scope: Scope, thread: Parameters<Threads['create']>[1], at: string): Transaction<ThreadRow> {
  const { threadId, metadata, ifExists, ttlMinutes = null } = thread;
  const made = yield* run(
    `INSERT INTO threads (thread_id, tenant, created_at, updated_at, metadata, config, status, interrupts, ttl_minutes, expires_at)
     VALUES ($1, $2, $3, $3, $4, '{}', 'idle', '{}', $5, $6) ON CONFLICT (thread_id) DO NOTHING`,
    [threadId, scope.tenant, at, canonicalJson(metadata), ttlMinutes, expiresAt(at, ttlMinutes)],
  );
  const known = yield* findThread(scope, threadId);
  // Also where it is another tenant's: who guesses ids learns no more than that this one is taken.
  if (known === undefined || (made === 0 && ifExists === 'raise')) throw new ServedError('conflict', `thread ${threadId} already exists`);
  return known;
}
