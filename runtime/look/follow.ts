/** Follows the audit records of a thread as they are written. */
import type { AuditRecord } from '../../domain/audit.ts';
import type { Runtime } from '../runtime.ts';

const FOLLOW_MS = 150;

/** Old records first, until the signal aborts. Polls every 150 ms. */
export async function follow(
  runtime: Runtime,
  threadId: string,
  onRecord: (record: AuditRecord) => void,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  while (!signal.aborted) {
    const records = await runtime.stores.audit.read({ threadId, afterSeq: after });
    for (const record of records) {
      after = record.seq;
      onRecord(record);
    }
    await new Promise<void>((wake) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        wake();
      };
      const timer = setTimeout(done, FOLLOW_MS);
      signal.addEventListener('abort', done);
    });
  }
  for (const record of await runtime.stores.audit.read({ threadId, afterSeq: after })) onRecord(record);
}
