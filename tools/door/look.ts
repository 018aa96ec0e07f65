/** A call that only looks passes the door in one step: it is done first, then reserved and settled in one transaction. */

import { failpoint } from '../../domain/failpoint.ts';
import { answerOf, tasksIn } from './answer.ts';
import { auditEntry, subjectOf } from './audit-entry.ts';
import { act } from './perform.ts';
import type { PermittedCall, ToolAnswer } from './request.ts';
import { effectOf, noCallLeft, oneCall, recordedOf } from './reserve.ts';
import { masked, outcomeOf, type Settler } from './settle.ts';

/** It changes nothing and costs nothing but its count: done again after a crash, or thrown away at a cap, it has done no harm. */
export const onlyLooks = ({ tool }: PermittedCall): boolean => tool?.effect === false;

/** What was recorded of this call before counts, and no answer is given past a cap. */
export async function look({ effects, redact }: Settler, call: PermittedCall): Promise<ToolAnswer> {
  const { request } = call;
  const done = await act(call);
  failpoint(`tool:${request.call.name}:done`);
  const judged = masked(redact, done);
  const { answer, outcome } = outcomeOf(call, judged, {});
  const asked = auditEntry(request, 'tool-call', { facts: subjectOf(call) });
  const begun = await effects.once(request.fence, effectOf(call), oneCall(call), { ...outcome, audit: [asked, ...outcome.audit] });
  if (begun.kind === 'refused') return noCallLeft(request, begun.refusal);
  if (begun.kind !== 'done') return answer;
  const recorded = recordedOf(begun.result);
  return { ...answerOf(request, recorded), ...tasksIn(recorded, call) };
}
