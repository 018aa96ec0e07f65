/** What the tests of stores put and expect, on whatever backend: a stop, a chain of messages, a reservation, an audit entry. */
import { expect } from 'vitest';
import type { ChatMessage, Reservation, TranscriptRow } from '../../domain/ports.ts';
import type { StopReason } from '../../domain/run.ts';
import { rowOf } from '../../domain/transcript.ts';
import { amountsOf, threadOf } from './home.ts';

export const REASON: StopReason = {
  code: 'CANCELLED',
  message: 'stopped',
  stage: 'build',
  resumable: true,
  evidence: [],
  next: 'governor resume',
};

export const busy = (pid: number) =>
  expect.objectContaining({ name: 'UsageError', code: 'THREAD_BUSY', message: expect.stringContaining(`process ${pid} `) });

/** A chain of messages after `parent`. */
export function chainOf(messages: readonly ChatMessage[], parent: string | null = null, agent = 'lead'): TranscriptRow[] {
  const rows: TranscriptRow[] = [];
  for (const message of messages) rows.push(rowOf(rows.at(-1)?.id ?? parent, agent, message));
  return rows;
}

export const says = (count: number, text = 'step'): ChatMessage[] =>
  Array.from({ length: count }, (_, index) => ({ role: 'user', content: `${text} ${index}` }));

export const headOf = (rows: readonly TranscriptRow[]): string => rows.at(-1)?.id ?? '';

export const reserveOf = (costMicroUsd: number, cap = 100): Reservation => ({
  accounts: [{ id: 'run', caps: { costMicroUsd: cap } }],
  amounts: amountsOf({ costMicroUsd, modelCalls: 1 }),
});
export const paid = (costMicroUsd: number) => amountsOf({ costMicroUsd, modelCalls: 1 });

export const entry = (action: string) => ({ threadId: threadOf(1), actor: 'agent:lead', action });
