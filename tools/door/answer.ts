/** The answer of a call, as the model reads it. */
import { delegateSchema } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import { rowOf } from '../../domain/transcript.ts';
import type { Judged, PermittedCall, ToolAnswer, ToolRequest } from './request.ts';

export const refused = (code: ReasonCode, message: string): Judged => ({
  outcome: 'refused',
  content: JSON.stringify({ refused: { code, message } }),
  code,
});

export function answerOf({ parent, agent, call }: ToolRequest, { outcome, content, picture, code }: Judged): ToolAnswer {
  const shown = picture === undefined ? {} : { picture };
  const row = rowOf(parent, agent, { role: 'tool', toolCallId: call.id, toolName: call.name, content, ...shown });
  return { row, outcome, ...(code === undefined ? {} : { code }) };
}

/** How many tasks an accepted delegation has. */
export function tasksIn(judged: Judged, { input }: PermittedCall): { tasks?: number } {
  return judged.outcome === 'delegated' ? { tasks: delegateSchema.parse(input).tasks.length } : {};
}
