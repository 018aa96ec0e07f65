/** Answers that cannot be used: cut short, without a call, with an invalid hand-over; told, counted, and ended when there are too many. */
import { StopError } from '../domain/errors.ts';
import type { ToolCall, TranscriptRow } from '../domain/ports.ts';
import { rowOf } from '../domain/transcript.ts';
import { type AgentSpec, append, auditBase, whereabouts } from './agent-spec.ts';
import type { AgentState } from './state.ts';

/** Invalid hand-overs in a row that end the attempt (`docs/contract.md`, "What a model sees"). */
const INVALID = 3;
/** Answers cut at the output limit, in a row, that end the attempt. */
const CUTS = 3;

export function countInvalid(spec: AgentSpec, state: AgentState, counts: boolean, what: string): AgentState {
  const invalid = counts ? state.invalid + 1 : state.invalid;
  if (invalid >= INVALID)
    throw new StopError(
      'CONTRACT_VIOLATION',
      `the ${spec.role} handed over something invalid ${invalid} times in a row; the last: ${what}`,
      whereabouts(spec),
    );
  return { ...state, invalid, phase: 'model' };
}

export async function cutShort(spec: AgentSpec, state: AgentState, calls: readonly ToolCall[]): Promise<AgentState> {
  const cut = state.cut + 1;
  if (cut >= CUTS)
    throw new StopError(
      'OUTPUT_TRUNCATED',
      `the ${spec.role}'s answer was cut at the output limit ${cut} times in a row (limits.maxOutputTokens ${spec.session.facts.limits.maxOutputTokens})`,
      whereabouts(spec),
    );
  let head = state.head;
  for (const call of calls) head = (await refuse(spec, head, call, 'the answer was cut at the output limit; nothing was run')).id;
  const row = await append(spec, head, {
    role: 'user',
    content: 'Your answer was cut at the output limit and nothing was run. Use smaller steps: one file or one edit an answer.',
  });
  return { ...state, head: row.id, cut, phase: 'model' };
}

/** A call that is turned away before it reaches the tool door. */
export async function refuse(spec: AgentSpec, head: string | null, call: ToolCall, message: string): Promise<TranscriptRow> {
  const content = JSON.stringify({ refused: { code: 'CONTRACT_VIOLATION', message } });
  const row = rowOf(head, spec.agent, { role: 'tool', toolCallId: call.id, toolName: call.name, content });
  await spec.session.stores.audit.append({
    ...auditBase(spec),
    actor: `agent:${spec.agent}`,
    action: 'tool-refused',
    code: 'CONTRACT_VIOLATION',
    facts: { tool: call.name, message, row: row.id },
  });
  await spec.session.stores.transcripts.append(spec.session.facts.fence, [row]);
  return row;
}
