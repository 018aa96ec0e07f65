/** The evaluation decides at gates always alike, and leaves open what is right to be open. */
import { expect, test } from 'vitest';
import type { Finding } from '../../../domain/handoff.ts';
import type { RunResult } from '../../../domain/run.ts';
import { EVALUATOR, type Gates, runToRest } from '../../../runtime/eval/decider.ts';
import type { RightEnd } from '../../../runtime/eval/task.ts';
import type { DecideOptions, GateView } from '../../../runtime/options.ts';
import { gateOf, resultOf, waitingAt } from './rested.ts';

/** Operations of a run that comes to these gates one after the other, and is then released. */
function comesTo(gates: readonly GateView[]): Gates & { readonly decided: DecideOptions[] } {
  const decided: DecideOptions[] = [];
  const now = (): GateView | undefined => gates[decided.length];
  const rest = async (): Promise<RunResult> => {
    const gate = now();
    return gate === undefined ? resultOf({}) : waitingAt(gate.row.gate);
  };
  return {
    decided,
    person: EVALUATOR,
    drive: rest,
    resume: rest,
    gate: async () => now(),
    decide: async (_thread, options) => {
      const { row } = now() ?? gateOf('plan');
      decided.push(options);
      return row;
    },
  };
}

const run = (gates: Gates, right: RightEnd = { end: 'released' }) => runToRest(gates, 'thread', [right], new AbortController().signal);

test('plans and releases are approved by the person eval, naming what was shown', async () => {
  const gates = comesTo([gateOf('plan', { question: null }), gateOf('release')]);
  const { result, decisions } = await run(gates);
  expect(result.status).toBe('released');
  expect(decisions.map(({ gate, decision, by }) => [gate, decision, by])).toEqual([
    ['plan', 'approved', 'eval'],
    ['release', 'approved', 'eval'],
  ]);
  expect(
    gates.decided.every(({ subject, addMicroUsd, edit }) => subject === 'digest' && addMicroUsd === undefined && edit === undefined),
  ).toBe(true);
});

test('money is never added', async () => {
  const gates = comesTo([gateOf('budget')]);
  await run(gates);
  expect(gates.decided).toMatchObject([{ decision: 'rejected', comment: expect.stringContaining('adds no money') }]);
});

test('a finding that a person would have to waive is left open', async () => {
  const finding: Finding = { id: 'F-1', source: 'weakened-tests', severity: 'major', code: 'TESTS_WEAKENED', message: 'a test is gone' };
  const gates = comesTo([{ ...gateOf('release'), open: [{ ...finding, needs_waiver: true }] }]);
  const { result, gate } = await run(gates);
  expect([gates.decided, result.status, gate?.row.gate]).toEqual([[], 'waiting', 'release']);
});

test('a question is answered once, with nothing; the second is left open', async () => {
  const question = gateOf('plan', { question: 'which?' });
  const gates = comesTo([question, question]);
  const { result, gate } = await run(gates);
  expect(gates.decided).toMatchObject([{ decision: 'approved', comment: expect.stringContaining('Nobody can be asked') }]);
  expect({ status: result.status, gate: gate?.row.gate }).toEqual({ status: 'waiting', gate: 'plan' });
});

test('where waiting is right nothing is decided', async () => {
  const gates = comesTo([gateOf('plan', { question: 'which?' })]);
  const { result, decisions } = await run(gates, { end: 'waiting', gate: 'plan', asks: true, redLines: [] });
  expect({ status: result.status, decisions }).toEqual({ status: 'waiting', decisions: [] });
});

test('a run that comes to gates for ever is left at one', async () => {
  const gates = comesTo(Array.from({ length: 50 }, () => gateOf('release')));
  const { result, decisions } = await run(gates);
  expect({ status: result.status, decisions: decisions.length }).toEqual({ status: 'waiting', decisions: 12 });
});
