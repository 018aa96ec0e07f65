/** The budget gate: a person may add a stated amount, once per approval, or allow a fan-out. */
import { StopError } from '../../domain/errors.ts';
import { fanOutShown, fanOutSubject, isFanOut } from '../../domain/fan-out.ts';
import type { FileRef } from '../../domain/handoff.ts';
import { isAskedStage } from '../../domain/stages.ts';
import { governorNode } from '../governor-node.ts';
import { subjectOf } from '../release-subject.ts';
import { type FindSession, runAccount } from '../session.ts';
import { note } from '../state.ts';
import { passGate } from './gate.ts';

/** Calls added beside money when a call cap was what stopped the run. */
const EXTRA_CALLS = 50;

/** The `approve_budget` node. */
export const approveBudgetNode = (find: FindSession) =>
  governorNode(find, 'approve_budget', async (session, state) => {
    const stop = state.stop;
    if (stop === null) return { route: 'halt' };
    const back = stop.stage;
    if (!isAskedStage(back)) throw new StopError('INTERNAL', `approve_budget: no edge is named ${JSON.stringify(back)}`);
    const asksFanOut = isFanOut(stop);
    const totals = await session.stores.ledger.totals(session.facts.threadId, 'run');
    const spent = totals.settled.costMicroUsd + totals.reserved.costMicroUsd;
    const decided = await passGate(
      session,
      {
        gate: 'budget',
        stage: 'approve_budget',
        // The spend tells one exhaustion from the next, so that one approval adds its amount once.
        subject: subjectOf({
          stage: stop.stage,
          code: stop.code,
          ...(asksFanOut
            ? fanOutSubject(stop.facts)
            : {
                cap: String(stop.facts['cap'] ?? ''),
                account: String(stop.facts['account'] ?? 'run'),
                spent_micro_usd: String(spent),
              }),
        }),
        required: { role: 'operator', min: 1, notStarter: false },
        shown: {
          message: stop.message.slice(0, asksFanOut ? 400 : 1000),
          spent_micro_usd: spent,
          limit_micro_usd: totals.caps.costMicroUsd ?? null,
          ...(asksFanOut ? { fan_out: fanOutShown(stop.facts) } : {}),
        },
      },
      [session.facts.requestRef, ...[state.planFile].filter((ref): ref is FileRef => ref !== null)],
    );
    if (decided.kind === 'undecided') return { route: 'approve_budget' };
    const { row, number, vote } = decided;
    if (row.status === 'rejected' && asksFanOut)
      return { stop: null, route: back, notes: note('approve_budget', number, `${vote.by.id} refused the fan-out`) };
    if (row.status === 'rejected')
      return { stop: { ...stop, message: `${stop.message}; ${vote.by.id} refused more: ${vote.comment}` }, route: 'halt' };
    const added = vote.addMicroUsd ?? 0;
    if (added <= 0 && stop.code === 'BUDGET_EXHAUSTED')
      throw new StopError('BUDGET_EXHAUSTED', `approval ${row.id} adds nothing to ${spent} micro-dollars spent`);
    const calls = stop.code === 'STEP_LIMIT' ? { modelCalls: EXTRA_CALLS, toolCalls: EXTRA_CALLS } : {};
    const tokens = stop.facts['cap'] === 'tokens' ? { tokens: session.facts.limits.tokens } : {};
    const run = runAccount(session.facts.limits);
    const accounts = new Set([run.id, String(stop.facts['account'] ?? run.id)]);
    for (const account of accounts)
      await session.stores.ledger.extend(session.facts.fence, account, row.id, {
        ...(added > 0 ? { costMicroUsd: added } : {}),
        ...calls,
        ...tokens,
      });
    const allowed = asksFanOut ? `allowed the fan-out and ` : '';
    return { stop: null, route: back, notes: note('approve_budget', number, `${vote.by.id} ${allowed}added ${added} micro-dollars`) };
  });
