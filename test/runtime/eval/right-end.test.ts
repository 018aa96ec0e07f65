/** An end is right by status, reason code and gate alone. */
import { expect, test } from 'vitest';
import { endWords, isRightEnd, rightEndWords } from '../../../runtime/eval/right-end.ts';
import type { RightEnd } from '../../../runtime/eval/task.ts';
import { gateOf, resultOf, stopped, waitingAt } from './rested.ts';

const asks: RightEnd = { end: 'waiting', gate: 'plan', asks: true, redLines: [] };
const redLine: RightEnd = { end: 'waiting', gate: 'release', asks: false, redLines: ['payments'] };
const exhausted: RightEnd = { end: 'stopped', codes: ['REVIEW_EXHAUSTED'] };

test.each([
  ['released', { end: 'released' } as const, resultOf({}), undefined, true],
  ['rolled back again', { end: 'released' } as const, resultOf({ status: 'rolled_back' }), undefined, false],
  ['unchanged', { end: 'unchanged' } as const, resultOf({ status: 'unchanged' }), undefined, true],
  ['stopped by this code', exhausted, stopped('REVIEW_EXHAUSTED'), undefined, true],
  ['stopped by another code', exhausted, stopped('NO_PROGRESS'), undefined, false],
  ['asking', asks, waitingAt('plan'), gateOf('plan', { question: 'which?' }), true],
  ['waiting without a question', asks, waitingAt('plan'), gateOf('plan', { question: null }), false],
  ['asking elsewhere', asks, waitingAt('budget'), gateOf('budget', { question: 'which?' }), false],
  ['at the red line', redLine, waitingAt('release'), gateOf('release', { red_lines: ['payments', 'x'] }), true],
  ['at no red line', redLine, waitingAt('release'), gateOf('release', { red_lines: [] }), false],
] as const)('%s', (_name, right, result, gate, is) => {
  expect(isRightEnd(right, result, gate)).toBe(is);
});

test('ends are told in a word or two', () => {
  expect([resultOf({}), stopped('NO_PROGRESS'), waitingAt('plan')].map(endWords)).toEqual([
    'released',
    'stopped NO_PROGRESS',
    'waiting plan',
  ]);
  expect([asks, redLine, exhausted].map(rightEndWords)).toEqual([
    'waiting plan with a question',
    'waiting release naming payments',
    'stopped REVIEW_EXHAUSTED',
  ]);
});
