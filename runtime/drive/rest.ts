/** How a drive leaves its thread: waiting, ended, stopped or paused; each is recorded and reported. */
import { codeOf, StopError, toError, UsageError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/ports.ts';
import type { RunStatus, StopReason } from '../../domain/run.ts';
import type { Stage } from '../../domain/stages.ts';
import type { Stop } from '../../nodes/state.ts';
import { writeReport } from '../look/report.ts';
import type { Runtime } from '../runtime.ts';
import { DrainedError } from './drained.ts';
import { reasonFor } from './reason-for.ts';

/** What the thread's row says from then on. */
export interface Rest {
  readonly status: RunStatus;
  readonly stage: Stage;
  readonly attempt?: number;
  readonly reason: StopReason | null;
  readonly interruptId: string | null;
}

export async function rest(runtime: Runtime, fence: Fence, end: Rest): Promise<void> {
  const { threadId } = fence;
  await runtime.stores.runs.update(fence, {
    status: end.status,
    stage: end.stage,
    ...(end.attempt === undefined ? {} : { attempt: end.attempt }),
    reason: end.reason,
    interruptId: end.interruptId,
  });
  await runtime.stores.audit.append({
    threadId,
    actor: 'governor',
    action: end.status === 'waiting' ? 'run-wait' : 'run-end',
    stage: end.stage,
    ...(end.reason === null ? {} : { code: end.reason.code }),
    facts: { status: end.status, ...(end.reason === null ? {} : { message: end.reason.message.slice(0, 1000) }) },
  });
  await writeReport(runtime, threadId);
}

/**
 * As `rest`, for a drive that failed. Where even the end cannot be written, the thread stays as it was, and its lease ends with this
 * process. @throws StopError `DISK_LIMIT` then.
 */
export async function restOrTell(runtime: Runtime, fence: Fence, end: Rest): Promise<void> {
  try {
    await rest(runtime, fence, end);
  } catch (error) {
    if (codeOf(error) !== 'DISK_LIMIT') throw error;
    throw new StopError(
      'DISK_LIMIT',
      `home ${runtime.home}: the disk is full, not even the end of the run could be recorded (${toError(error).message}); free some space, then: governor resume ${fence.threadId.slice(0, 8)}`,
      { cause: error },
    );
  }
}

/** At a breakpoint: the thread stays `running`, and without a lease anybody may go on with it. */
export async function pause(runtime: Runtime, fence: Fence, stage: Stage): Promise<void> {
  const { threadId } = fence;
  await runtime.stores.runs.update(fence, { stage });
  await runtime.stores.audit.append({ threadId, actor: 'governor', action: 'run-pause', stage, facts: { before: stage } });
  await writeReport(runtime, threadId);
}

/** Anything thrown out of the graph, as an end of the run. @throws UsageError as it is: it is about the command, not about the run. */
export function failure(threadId: string, stage: Stage, error: unknown): Rest {
  if (error instanceof DrainedError || codeOf(error) === 'CANCELLED') {
    const stop = { code: 'CANCELLED' as const, message: toError(error).message, stage, evidence: [], facts: {} };
    return { status: 'cancelled', stage, reason: reasonFor(threadId, stop), interruptId: null };
  }
  if (error instanceof UsageError) throw error;
  const code = codeOf(error);
  const fact = error instanceof StopError ? error : undefined;
  const message = code === 'INTERNAL' ? `${toError(error).message}\n${toError(error).stack ?? ''}`.slice(0, 2000) : toError(error).message;
  const stop: Stop = { code, message, stage, evidence: fact?.evidence ?? [], facts: fact?.facts ?? {} };
  return { status: 'stopped', stage, reason: reasonFor(threadId, stop), interruptId: null };
}
