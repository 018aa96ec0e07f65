/** Undoes a release, as a person's recorded decision. */
import { StopError, UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { rollBack } from '../../nodes/deploy/rollback.ts';
import { openSession } from '../drive/open-session.ts';
import { recordedRelease } from '../look/handed-over.ts';
import { writeReport } from '../look/report.ts';
import type { Runtime } from '../runtime.ts';
import { said } from './typed-text.ts';

/** Undoes a release by a new commit. Idempotent. */
export async function rollback(runtime: Runtime, row: RunRow, reason: string): Promise<void> {
  const { stores, person } = runtime;
  said('--reason', reason);
  if (reason.includes('\n')) throw new UsageError('--reason: must be one line; it stands in the message of the commit');
  await stores.audit.assertTail();
  const release = await recordedRelease(runtime, row.threadId);
  if (release === undefined) throw new UsageError(`thread ${row.threadId}: is ${row.status}; there is no release to undo`);
  if (!person.roles.includes('admin') && !person.roles.includes('operator'))
    throw new UsageError(
      `rollback: role "operator" is needed; ${person.id} has ${person.roles.join(', ') || 'none'}`,
      'APPROVER_NOT_ALLOWED',
    );
  const fence = await stores.runs.acquire(row.threadId);
  const session = await openSession(runtime, row, fence, { signal: new AbortController().signal, drain: undefined });
  try {
    await rollBack(session, { ...release.body, approval: null }, release.ref, { reason, by: person.id });
    await stores.runs.update(fence, { status: 'rolled_back' });
    await stores.audit.append({
      threadId: row.threadId,
      actor: person.id,
      action: 'run-rolled-back',
      facts: { commit: release.body.commit },
    });
  } catch (error) {
    if (error instanceof StopError) throw new UsageError(error.message, error.code);
    throw error;
  } finally {
    await stores.runs.release(fence);
  }
  await writeReport(runtime, row.threadId);
}
