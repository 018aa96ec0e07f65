/** Intervals against values that statistics packages give. */
import { expect, test } from 'vitest';
import { mean, meanInterval, wilson } from '../../domain/interval.ts';

test.each([
  [8, 10, 0.4902, 0.9433],
  [0, 12, 0, 0.2425],
  [12, 12, 0.7575, 1],
  [1, 2, 0.0945, 0.9055],
])('Wilson of %i in %i', (successes, runs, low, high) => {
  const interval = wilson(successes, runs);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test('nothing is known of no runs', () => expect(wilson(0, 0)).toEqual({ low: 0, high: 1 }));

test('a mean of few values is told with Student’s bounds, and no bound is below 0', () => {
  expect(mean([10, 12, 14])).toBe(12);
  const known = meanInterval([10, 12, 14]);
  expect(known?.low).toBeCloseTo(7.0317, 3);
  expect(known?.high).toBeCloseTo(16.9683, 3);
  expect(meanInterval([1, 2, 3])?.low).toBe(0);
  // 41 values have 40 degrees of freedom; the last entry of the table is of 30.
  const many = meanInterval(Array.from({ length: 41 }, (_none, index) => index));
  expect(many?.high).toBeCloseTo(20 + 2.0423 * (Math.sqrt(143.5) / Math.sqrt(41)), 2);
});

test('one value has no interval', () => expect(meanInterval([5])).toBeUndefined());
