/** What `resume` does in each state of a thread: goes on, watches, widens, or only tells. It never counts as approval. */
import { randomUUID } from 'node:crypto';
import { UsageError } from '../../domain/errors.ts';
import type { RunRow } from '../../domain/ports.ts';
import { hasWords } from '../../domain/resume.ts';
import type { RunResult } from '../../domain/run.ts';
import { PIPELINE_VERSION } from '../../domain/stages.ts';
import { assertUnderCeilings, extensionList } from '../decide/extensions.ts';
import { resultOf } from '../look/result.ts';
import type { ResumeOptions } from '../options.ts';
import type { Runtime } from '../runtime.ts';
import { drive } from './drive.ts';
import { assertWords } from './record-resume.ts';

/** So often it looks whether another process has let go of the thread. */
const POLL_MS = 150;

/** What `resume` does in each state (`docs/contract.md`, "What each command does in each state"). It never counts as approval. `word`: an id, its beginning, or `last`. */
export async function resume(runtime: Runtime, word: string, options: ResumeOptions): Promise<RunResult> {
  const { runs } = runtime.stores;
  const row = await runs.resolve(word);
  if (options.begin === true && row.status !== 'running') return resultOf(runtime, row);
  const migrating = options.migrate === true && row.reason?.code === 'DEFINITION_CHANGED';
  if (isFinal(row) && !migrating) return resultOf(runtime, row);
  const words = options.words !== undefined && hasWords(options.words) ? options.words : undefined;
  const widens = options.addMicroUsd !== undefined || options.addTimeMs !== undefined || options.addCalls !== undefined;
  // A lease and no `running` yet: another process has just taken it.
  if (row.live) {
    if (widens || words !== undefined)
      throw new UsageError(
        `thread ${row.threadId}: is running; allow more, or say something, when it rests (governor watch ${row.threadId.slice(0, 8)})`,
      );
    const rested = await watched(runtime, row.threadId, options);
    if (rested !== undefined) return resultOf(runtime, rested);
  }
  if (words !== undefined) await assertWords(runtime, row, words);
  if (options.migrate === true || widens) await widen(runtime, row, options);
  const isPlain = options.migrate !== true && !widens && words === undefined;
  try {
    await drive(runtime, row.threadId, isPlain ? { ...options, epoch: row.epoch } : options);
  } catch (error) {
    // Two resumes at once: one drives, the other, which came a moment later, watches. What was cancelled meanwhile is looked at again.
    if (isPlain && error instanceof UsageError && error.code === 'THREAD_BUSY') return resume(runtime, row.threadId, options);
    throw error;
  }
  return resultOf(runtime, await runs.resolve(row.threadId));
}

/** Nothing can bring it back to work, unless a person accepts another pipeline (`--migrate`). */
const isFinal = ({ status, reason }: RunRow): boolean =>
  status === 'released' || status === 'unchanged' || status === 'rolled_back' || (status === 'stopped' && reason?.resumable !== true);

/** Waits while another process runs the thread. Undefined: that process died, and the thread is ours to take over. */
async function watched(runtime: Runtime, threadId: string, options: ResumeOptions): Promise<RunRow | undefined> {
  const { runs } = runtime.stores;
  for (;;) {
    const now = await runs.get(threadId);
    if (now === undefined || !now.live) break;
    if (options.drain?.aborted === true || options.signal?.aborted === true) return now;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  const after = await runs.resolve(threadId);
  return after.status === 'running' ? undefined : after;
}

/** Allows more, or another pipeline, as a person's recorded decision. @throws UsageError `APPROVER_NOT_ALLOWED`; above a ceiling. */
async function widen(runtime: Runtime, row: RunRow, options: ResumeOptions): Promise<void> {
  const { person } = runtime;
  if (!person.roles.includes('operator'))
    throw new UsageError(
      `resume: role "operator" is needed to widen a run; ${person.id} has ${person.roles.join(', ') || 'none'}`,
      'APPROVER_NOT_ALLOWED',
    );
  assertUnderCeilings(runtime, (await resultOf(runtime, row)).limits, options);
  await extend(runtime, row.threadId, options);
}

async function extend(runtime: Runtime, threadId: string, options: ResumeOptions): Promise<void> {
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
