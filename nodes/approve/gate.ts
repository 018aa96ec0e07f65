/** A gate: reads the approval record, never the resume value; interrupts until a person has decided. */
import { interrupt } from '@langchain/langgraph';
import { gateNumber } from '../../domain/gate-number.ts';
import { approvalBodySchema, type FileRef, type Gate, planBodySchema } from '../../domain/handoff.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import { sandboxWords } from '../../domain/sandbox-words.ts';
import { STAGE_TABLE } from '../../domain/stages.ts';
import type { Vote } from '../../domain/vote.ts';
import { waiversOf } from '../../domain/waivers.ts';
import { bodyOf, type GatePayload, type Session } from '../session.ts';
import { runStage } from '../stage.ts';
import type { Presented } from './card.ts';
import { gateAnswer } from './gate-answer.ts';
import { presented } from './payload.ts';

/** What a gate asks; the same values on every replay. */
export interface GateQuestion extends Omit<GatePayload, 'kind'> {
  readonly stage: `approve_${Gate}`;
  /** What the card shows beside it; asked for only where a person is asked. */
  readonly card?: () => Promise<Pick<Presented, 'summary' | 'checks' | 'diff'>>;
}

export type Decided =
  | { readonly kind: 'undecided' }
  | { readonly kind: 'decided'; readonly row: ApprovalRow; readonly number: number; readonly vote: Vote; readonly ref: FileRef };

/**
 * Looks for the record of this very subject. Decided: writes `40-approval.<n>.json`. Not decided: interrupts; when it is
 * resumed without a record the caller comes back here, so that no resume value can ever count as consent.
 */
export async function passGate(session: Session, question: GateQuestion, inputs: readonly FileRef[]): Promise<Decided> {
  const row = await session.stores.approvals.newest(session.facts.threadId, question.gate, question.subject.digest);
  if (row === undefined || row.status === 'pending' || row.status === 'void') {
    const payload: GatePayload = {
      kind: 'approval',
      gate: question.gate,
      subject: question.subject,
      required: question.required,
      shown: { ...question.shown, sandbox: sandboxWords(session.places.sandbox) },
    };
    await session.doors.announce(payload);
    interrupt(presented(payload, await facts(session, question, inputs)), {
      responseSchema: gateAnswer(question.gate, session.facts.fenced),
    });
    return { kind: 'undecided' };
  }
  const vote = row.votes.findLast((candidate) => candidate.decision === row.status) ?? row.votes.at(-1);
  if (vote === undefined) return { kind: 'undecided' };
  const done = await runStage(session, {
    stage: question.stage,
    counter: 'approval',
    kind: 'approval',
    inputs,
    also: { approval: row.id },
    file: STAGE_TABLE[question.stage].file,
    schema: approvalBodySchema,
    madeBy: vote.by.id,
    work: async () => ({
      approval_id: row.id,
      gate: row.gate,
      subject: { ...row.subject },
      decision: row.status === 'edited' ? ('edited' as const) : row.status === 'approved' ? ('approved' as const) : ('rejected' as const),
      by: vote.by,
      comment: session.doors.redact(vote.comment),
      self_approved: row.votes.some((candidate) => candidate.selfApproved),
      at: vote.at,
      waivers: waiversOf(row),
      sandbox: [...session.places.sandbox.layers],
    }),
  });
  const number = gateNumber(await session.stores.approvals.list({ threadId: session.facts.threadId }), row);
  return { kind: 'decided', row, number, vote, ref: done.ref };
}

async function facts(session: Session, question: GateQuestion, [first]: readonly FileRef[]): Promise<Presented> {
  const { threadId, request } = session.facts;
  const { settled, reserved } = await session.stores.ledger.totals(threadId, 'run');
  return {
    threadId,
    goal: request.goal,
    repository: request.repo,
    link: session.places.look,
    sandbox: session.places.sandbox,
    costMicroUsd: settled.costMicroUsd + reserved.costMicroUsd,
    plan: question.gate === 'plan' && first !== undefined ? await bodyOf(session, first, planBodySchema) : undefined,
    ...(await question.card?.()),
  };
}
