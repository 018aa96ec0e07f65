/** Second piece of the tool door: one tool call is taken from the budget and written down, before anything happens. */
import { type Refusal, ZERO } from '../../domain/budget.ts';
import { digestOf } from '../../domain/ids.ts';
import type { EffectId, Effects, Reservation } from '../../domain/ports.ts';
import { answerOf, refused, tasksIn } from './answer.ts';
import { auditEntry, subjectOf } from './audit-entry.ts';
import type { Judged, PermittedCall, ToolAnswer, ToolRequest } from './request.ts';

export type Reserved =
  /** Go on. `before`: the tree that the call finds; undefined for what no tool does. */
  | { readonly kind: 'reserved'; readonly key: string; readonly before: string | undefined }
  /** Answered without doing it: no call is left, or it is done already. */
  | { readonly kind: 'closed'; readonly answer: ToolAnswer };

/**
 * Brings the work tree to where the call must find it: after a crash in the call the tree before it comes back, and after one behind it
 * the tree that it left.
 */
export async function reserve(effects: Effects, call: PermittedCall): Promise<Reserved> {
  const { request, tool } = call;
  const { workTree } = request.context;
  const before = tool === undefined ? undefined : await workTree.current();
  const effect = effectOf(call);
  const start = await effects.start(request.fence, effect, {
    reserve: oneCall(call),
    ...(before === undefined ? {} : { before }),
    audit: auditEntry(request, 'tool-call', { facts: subjectOf(call) }),
  });
  switch (start.kind) {
    case 'refused':
      return { kind: 'closed', answer: noCallLeft(request, start.refusal) };
    case 'done': {
      if (start.after !== null && start.after !== before) await workTree.restore(start.after);
      const recorded = recordedOf(start.result);
      const tree = start.after === null ? {} : { tree: start.after };
      return { kind: 'closed', answer: { ...answerOf(request, recorded), ...tasksIn(recorded, call), ...tree } };
    }
    case 'interrupted':
      if (start.before !== null && tool?.effect === true) await workTree.restore(start.before);
      return { kind: 'reserved', key: effect.key, before };
    case 'go':
      return { kind: 'reserved', key: effect.key, before };
    default:
      return start satisfies never;
  }
}

/** What a call costs at most, and exactly. */
export const oneCall = ({ request }: PermittedCall): Reservation => ({
  accounts: request.accounts,
  amounts: { ...ZERO, toolCalls: 1 },
});

export function noCallLeft(request: ToolRequest, { used, limit }: Refusal): ToolAnswer {
  const judged = refused('BUDGET_REFUSED', `no tool call is left: ${used} of ${limit} are used`);
  return { ...answerOf(request, judged), code: 'STEP_LIMIT' };
}

/** What the journal has of a call that is done. */
export const recordedOf = (result: string): Judged => JSON.parse(result) as Judged; // written by `settle` or `look`

export function effectOf({ request }: PermittedCall): EffectId {
  const { stage, attempt, agent, role, parent, ordinal, call } = request;
  return {
    key: digestOf({ thread: request.fence.threadId, stage, attempt, agent, parent, ordinal, kind: 'tool' }),
    kind: 'tool',
    stage,
    attempt,
    agent,
    role,
    requestHash: digestOf({ name: call.name, arguments: call.arguments }),
  };
}
