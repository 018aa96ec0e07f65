/** Records in the audit trail who stopped a governed run, by whichever route. */
import type { ServedRun } from '../../domain/served.ts';
import type { Caller } from '../auth/caller.ts';
import type { Governed } from './graph.ts';

/** Nothing for a run that has ended, and for a thread that is not governed. `left`: its client went away, and wanted that. */
export async function recordCancel({ runtime }: Pick<Governed, 'runtime'>, caller: Caller, run: ServedRun, left = false): Promise<void> {
  if (run.status !== 'pending' && run.status !== 'running') return;
  const { runs, audit } = runtime.stores;
  const row = await runs.get(run.threadId);
  if (row === undefined) return;
  await audit.append({
    threadId: run.threadId,
    actor: caller.person.id,
    action: 'run-cancel',
    stage: row.stage,
    facts: { run: run.runId, ...(left ? { left } : {}) },
  });
}
