/** What `resume` does in each state of a thread: goes on, watches, widens, or only tells. It never counts as approval. */
import { randomUUID } from 'node:crypto';
import { UsageError } from '../../domain/errors.ts';
import { hasWords } from '../../domain/resume.ts';
import { PIPELINE_VERSION, type RunResult } from '../../domain/run.ts';
import { assertUnderCeilings, extensionList } from '../decide/extensions.ts';
import { resultOf } from '../look/result.ts';
import type { ResumeOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { drive } from './drive.ts';
import { assertWords } from './record-resume.ts';

const FOLLOW_MS = 150;

/** What `resume` does in each state (`docs/contract.md`, "What each command does in each state"). It never counts as approval. */
export async function resume(runtime: Runtime, word: string, options: ResumeOptions): Promise<RunResult> {
  const { runs } = runtime.stores;
  const row = await runs.resolve(word);
  const final =
    row.status === 'released' ||
    row.status === 'unchanged' ||
    row.status === 'rolled_back' ||
    (row.status === 'stopped' && row.reason?.resumable !== true);
  const migrating = options.migrate === true && row.reason?.code === 'DEFINITION_CHANGED';
  if (final && !migrating) return resultOf(runtime, row);
  const words = options.words !== undefined && hasWords(options.words) ? options.words : undefined;
  const widens = options.addMicroUsd !== undefined || options.addTimeMs !== undefined || options.addCalls !== undefined;
  // A lease and no `running` yet: another process has just taken it.
  if (row.live) {
    if (widens || words !== undefined)
      throw new UsageError(
        `thread ${row.threadId}: is running; allow more, or say something, when it rests (governor watch ${row.threadId.slice(0, 8)})`,
      );
    for (;;) {
      const now = await runs.get(row.threadId);
      if (now === undefined || !now.live) break;
      if (options.drain?.aborted === true || options.signal?.aborted === true) return resultOf(runtime, now);
      await new Promise((wake) => setTimeout(wake, FOLLOW_MS));
    }
    const after = await runs.resolve(row.threadId);
    // Whoever ran it died while we watched: then it is ours to take over.
    if (after.status !== 'running') return resultOf(runtime, after);
  }
  if (words !== undefined) await assertWords(runtime, row, words);
  if (options.migrate === true || widens) {
    if (!runtime.person.roles.includes('operator'))
      throw new UsageError(
        `resume: role "operator" is needed to widen a run; ${runtime.person.id} has ${runtime.person.roles.join(', ') || 'none'}`,
        'APPROVER_NOT_ALLOWED',
      );
    assertUnderCeilings(runtime, (await resultOf(runtime, row)).limits, options);
    await widen(runtime, row.threadId, options);
  }
  try {
    await drive(runtime, row.threadId, options);
  } catch (error) {
    // Two resumes at once: one drives, the other, which came a moment later, watches.
    if (!widens && words === undefined && error instanceof UsageError && error.code === 'THREAD_BUSY')
      return resume(runtime, row.threadId, options);
    throw error;
  }
  return resultOf(runtime, await runs.resolve(row.threadId));
}

async function widen(runtime: Runtime, threadId: string, options: ResumeOptions): Promise<void> {
  const { runs, ledger } = runtime.stores;
  const extension = {
    id: randomUUID(),
    by: runtime.person.id,
    at: new Date(runtime.clock.now()).toISOString(),
    add_micro_usd: options.addMicroUsd ?? 0,
    add_machine_ms: options.addTimeMs ?? 0,
    add_calls: options.addCalls ?? 0,
    migrate_to: options.migrate === true ? PIPELINE_VERSION : 0,
  };
  await extensionList.add(runtime, threadId, extension);
  const fence = await runs.acquire(threadId);
  try {
    const spent = await ledger.lines(threadId);
    const agents = new Set(
      spent.filter((line) => line.role !== 'governor').map((line) => `agent:${line.stage}:${line.attempt}:${line.agent}`),
    );
    const by = {
      ...(extension.add_micro_usd > 0 ? { costMicroUsd: extension.add_micro_usd } : {}),
      ...(extension.add_calls > 0 ? { modelCalls: extension.add_calls, toolCalls: extension.add_calls } : {}),
    };
    if (Object.keys(by).length > 0) for (const account of ['run', ...agents]) await ledger.extend(fence, account, extension.id, by);
  } finally {
    await runs.release(fence);
  }
}
