/** `gc`: work trees of ended threads, events of ended runs past their hour, and by age what only a resume would need. Never unreleased work, approvals, audit or dossiers. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { KEEP_EVENTS_MS } from '../../domain/thread-events.ts';
import { openRepository } from '../../tools/repository.ts';
import type { Runtime } from '../runtime.ts';

/** Runs whose events are removed in one transaction. */
const BATCH = 500;

/** The audit record of a thread whose checkpoints, journal and transcripts are removed. */
export const PRUNED = 'run-pruned';

const ENDED: ReadonlySet<RunRow['status']> = new Set(['released', 'unchanged', 'rolled_back', 'stopped', 'cancelled']);

/** True when nothing can bring the thread back to work. */
function isFinal(row: RunRow): boolean {
  // Of a changed pipeline a person may still say: go on all the same (`resume --migrate`).
  return ENDED.has(row.status) && row.reason?.resumable !== true && row.reason?.code !== 'DEFINITION_CHANGED';
}

export async function collect(
  runtime: Runtime,
  olderMs: number | undefined,
): Promise<{ workTrees: number; threads: number; refs: number; streams: number }> {
  const done = { workTrees: 0, threads: 0, refs: 0, streams: await dropEvents(runtime) };
  const rows = await runtime.stores.runs.list();
  const work = join(runtime.home, 'work');
  for (const name of existsSync(work) ? readdirSync(work) : []) {
    // Read now: removing the trees before it took its time, and a server may have gone on with this thread since.
    const row = await runtime.stores.runs.get(name);
    if (row !== undefined && (row.live || !ENDED.has(row.status))) continue;
    rmSync(join(work, name), { recursive: true, force: true });
    done.workTrees += 1;
  }
  if (olderMs === undefined) return done;
  const before = runtime.clock.now() - olderMs;
  const isOver = (row: RunRow): boolean => isFinal(row) && !row.live && Date.parse(row.updatedAt) <= before;
  for (const listed of rows.filter(isOver)) {
    // Read now, as above: a person may be undoing its release.
    const row = await runtime.stores.runs.get(listed.threadId);
    if (row === undefined || !isOver(row)) continue;
    await recordPrune(runtime, row.threadId);
    await runtime.stores.prune(row.threadId);
    done.threads += 1;
    if (row.status === 'released' || row.status === 'rolled_back' || row.status === 'unchanged') done.refs += await dropRefs(runtime, row);
  }
  return done;
}

/** What a server would remove of the streams of threads (protocol v2): a home may have none that runs. @returns of how many runs. */
async function dropEvents({ stores, clock }: Runtime): Promise<number> {
  const before = new Date(clock.now() - KEEP_EVENTS_MS).toISOString();
  let runs = 0;
  for (;;) {
    const count = await stores.served.threadEvents.prune(before, BATCH);
    runs += count;
    if (count < BATCH) return runs;
  }
}

/** Once, and before it happens: whoever finds no transcripts finds the reason. */
async function recordPrune({ stores }: Runtime, threadId: string): Promise<void> {
  if ((await stores.audit.read({ threadId })).some(({ action }) => action === PRUNED)) return;
  await stores.audit.append({ threadId, actor: 'governor', action: PRUNED });
}

/** The pins of a released thread; its commits are reachable from the branch. A missing repository is no error here. */
async function dropRefs(runtime: Runtime, row: RunRow): Promise<number> {
  let dropped = 0;
  try {
    const repository = await openRepository(row.input.repo, runtime.home);
    const names = await repository.listRefs(`refs/governor/${row.threadId}/`);
    for (const name of [`refs/heads/governor/${row.threadId}`, ...names]) {
      const at = await repository.readRef(name);
      if (at !== undefined && (await repository.updateRef(name, null, at))) dropped += 1;
    }
  } catch (error) {
    await runtime.stores.audit.append({
      threadId: row.threadId,
      actor: 'governor',
      action: 'gc-refs-kept',
      facts: { message: toError(error).message.slice(0, 300) },
    });
  }
  return dropped;
}
