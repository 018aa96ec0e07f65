/**
 * THE TOOL DOOR: permit > reserve > perform > settle. No other way leads from an agent to files and commands. What only looks is
 * performed first, and reserved and settled in one.
 */
import type { Audit, Effects } from '../domain/ports.ts';
import { answerOf } from './door/answer.ts';
import { auditEntry } from './door/audit-entry.ts';
import { look, onlyLooks } from './door/look.ts';
import { perform } from './door/perform.ts';
import { permit } from './door/permit.ts';
import type { Judged, ToolAnswer, ToolRequest } from './door/request.ts';
import { reserve } from './door/reserve.ts';
import { settle } from './door/settle.ts';

export interface ToolDoor {
  /** Appends nothing for a call it turned away (`refused` or `invalid` before it ran): its row is the caller's to append. */
  call(request: ToolRequest): Promise<ToolAnswer>;
}

export interface ToolDoorOptions {
  readonly effects: Effects;
  readonly audit: Audit;
  /** Masks secrets in everything that a tool says. */
  readonly redact: (text: string) => string;
}

export function createToolDoor(options: ToolDoorOptions): ToolDoor {
  return {
    call: async (request) => {
      const permission = permit(request);
      if (permission.kind === 'turned-away') return turnAway(options, request, permission.judged);
      const { call } = permission;
      if (onlyLooks(call)) return look(options, call);
      const reserved = await reserve(options.effects, call);
      if (reserved.kind === 'closed') return reserved.answer;
      const judged = await perform(options.effects, call, reserved.key);
      return settle(options, call, reserved, judged);
    },
  };
}

/** Costs nothing and is in no journal, but on the record. */
async function turnAway({ audit, redact }: ToolDoorOptions, request: ToolRequest, judged: Judged): Promise<ToolAnswer> {
  const masked = { ...judged, content: redact(judged.content) };
  const answer = answerOf(request, masked);
  const facts = { message: masked.content.slice(0, 500), row: answer.row.id };
  await audit.append(auditEntry(request, 'tool-refused', { code: judged.code ?? 'CONTRACT_VIOLATION', facts }));
  return answer;
}
