/** What the webhook of a run tells: the run in the members of LangGraph's own, and how it ended. */
import type { ServedRun, ServedStatus } from './served.ts';

export interface ToldEnd {
  readonly status: Exclude<ServedStatus, 'pending' | 'running'>;
  readonly values?: unknown;
  /** The message of its failure. */
  readonly error?: string | undefined;
  /** ISO; null where it never began. */
  readonly startedAt: string | null;
  /** ISO. */
  readonly endedAt: string;
}

export const runWebhook = (run: ServedRun, { status, values, error, startedAt, endedAt }: ToldEnd): Record<string, unknown> => ({
  run_id: run.runId,
  thread_id: run.threadId,
  assistant_id: run.assistantId,
  created_at: run.createdAt,
  updated_at: endedAt,
  status,
  metadata: run.metadata,
  kwargs: run.kwargs,
  multitask_strategy: run.multitask,
  run_started_at: startedAt,
  run_ended_at: endedAt,
  webhook_sent_at: endedAt,
  values: values ?? null,
  ...(error === undefined ? {} : { error }),
});
