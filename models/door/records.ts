/** What the transcript and the audit trail keep of a model call. */
import type { AuditEntry } from '../../domain/audit.ts';
import { rowOf } from '../../domain/transcript.ts';
import type { BookedAnswer } from '../recorded.ts';
import type { AnswerRow, ModelAsk } from './model-ask.ts';

/** The row of an answer, also of one that is recorded already. */
export function rowFor(ask: ModelAsk, answer: BookedAnswer): AnswerRow {
  const { text, toolCalls, opaque } = answer;
  return rowOf(ask.parent, ask.agent, { role: 'assistant', content: text, toolCalls, ...(opaque === undefined ? {} : { opaque }) });
}

/** @param action what happened; the facts come beside role and agent. */
export function auditEntry(ask: ModelAsk, action: string, facts: Readonly<Record<string, unknown>>): AuditEntry {
  const actor = `agent:${ask.agent === '-' ? ask.role : ask.agent}`;
  return {
    threadId: ask.threadId,
    action,
    actor,
    stage: ask.stage,
    attempt: ask.attempt,
    facts: { role: ask.role, agent: ask.agent, ...facts },
  };
}
