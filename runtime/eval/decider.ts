/** Decides at the gates of a run on behalf of the evaluation, always the same way, until the run rests where nothing is to decide. */
import { PERSON_ROLES } from '../../domain/access.ts';
import type { Person } from '../../domain/policy.ts';
import type { RunResult } from '../../domain/run.ts';
import type { Operations } from '../operations.ts';
import type { DecideOptions, GateView } from '../options.ts';
import { isRightEnd } from './right-end.ts';
import type { RightEnd } from './task.ts';

/** Who starts the runs of an evaluation and decides in them; only in homes that the evaluation made itself. */
export const EVALUATOR: Person = { id: 'eval', roles: PERSON_ROLES, method: 'eval', alone: true };

/** Most decisions in one run. */
const MAX_DECISIONS = 12;

export interface GateDecision {
  readonly gate: GateView['row']['gate'];
  readonly decision: DecideOptions['decision'];
  readonly by: string;
  readonly comment: string;
}

export interface Decided {
  readonly result: RunResult;
  readonly decisions: readonly GateDecision[];
  /** The gate it waits at, if it waits. */
  readonly gate: GateView | undefined;
}

/** What is asked of the operations. */
export type Gates = Pick<Operations, 'person' | 'drive' | 'resume' | 'gate' | 'decide'>;

/** Runs a thread until it ends, waits where its task says that it should, or waits for what the evaluation does not decide. */
export async function runToRest(operations: Gates, threadId: string, right: readonly RightEnd[], signal: AbortSignal): Promise<Decided> {
  const decisions: GateDecision[] = [];
  let result = await operations.drive(threadId, { signal });
  for (;;) {
    const gate = result.status === 'waiting' ? await operations.gate(threadId) : undefined;
    const isOver = gate === undefined || decisions.length >= MAX_DECISIONS || right.some((end) => isRightEnd(end, result, gate));
    const answer = isOver ? undefined : answerAt(gate, decisions);
    if (gate === undefined || answer === undefined) return { result, decisions, gate };
    await operations.decide(threadId, { ...answer, subject: gate.row.subject.digest });
    decisions.push({ gate: gate.row.gate, by: operations.person.id, ...answer });
    result = await operations.resume(threadId, { signal });
  }
}

/** Undefined: left open. Nobody answers a second question, adds money, or waives what the rules found. */
function answerAt({ row, open }: GateView, before: readonly GateDecision[]): Pick<GateDecision, 'decision' | 'comment'> | undefined {
  if (row.gate === 'budget') return { decision: 'rejected', comment: 'An evaluation adds no money: go on with what there is, or end.' };
  if (row.gate === 'release' && open.length > 0) return undefined;
  if (row.gate === 'release') return { decision: 'approved', comment: 'Approved by the evaluation, which judges the result afterwards.' };
  if (typeof row.shown['question'] !== 'string') return { decision: 'approved', comment: 'Approved by the evaluation.' };
  if (before.some((one) => one.comment === NOBODY)) return undefined;
  return { decision: 'approved', comment: NOBODY };
}

const NOBODY = 'Nobody can be asked here. Do what the goal says, as you understand it.';
