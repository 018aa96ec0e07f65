/** Finds governed threads of any tenant that wait at a decided gate, with no lease and no open run. */
import { many, type Transaction } from '../../sql/transaction.ts';

/** `nowMs` is ms since 1970. */
export function* decidedThreads(nowMs: number, limit: number): Transaction<readonly { threadId: string; tenant: string }[]> {
  const rows = yield* many<{ thread_id: string; tenant: string }>(
    `SELECT t.thread_id, t.tenant FROM runs r JOIN threads t ON t.thread_id = r.thread_id
     WHERE r.status = 'waiting' AND (r.lease_until IS NULL OR r.lease_until < $1)
       AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.thread_id = r.thread_id AND a.status = 'pending')
       AND EXISTS (SELECT 1 FROM approvals a WHERE a.thread_id = r.thread_id AND a.status IN ('approved', 'edited', 'rejected'))
       AND NOT EXISTS (SELECT 1 FROM thread_runs o WHERE o.thread_id = r.thread_id AND o.status IN ('pending', 'running'))
     LIMIT $2`,
    [nowMs, limit],
  );
  return rows.map(({ thread_id: threadId, tenant }) => ({ threadId, tenant }));
}
