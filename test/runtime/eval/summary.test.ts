/** Runs are summed up with bounds where there are bounds, and ends with how often they were reached. */
import { expect, test } from 'vitest';
import { measuredOf } from '../../../runtime/eval/summary.ts';
import { runOf } from './rested.ts';

test('three runs have a rate and means with bounds, and a share of the cache over all their tokens', () => {
  const measured = measuredOf([
    runOf({}),
    runOf({ steps: 12, input_tokens: 3000, cached_input_tokens: 2000 }),
    runOf({ steps: 14, solved: false, end: 'stopped NO_PROGRESS', code: 'NO_PROGRESS' }),
  ]);
  expect(measured).toMatchObject({
    runs: 3,
    solved: 2,
    success: { rate: 2 / 3, low: expect.closeTo(0.2077, 4), high: expect.closeTo(0.9385, 4) },
    steps: { mean: 12, low: expect.closeTo(7.03, 2), high: expect.closeTo(16.97, 2) },
    cache_share: 2800 / 5000,
    ends: { released: 2, 'stopped NO_PROGRESS': 1 },
    stops: { NO_PROGRESS: 1 },
  });
  expect(Object.keys(measured.ends)[0]).toBe('released');
});

test('one run has no bounds of its means, and no run no share', () => {
  expect(measuredOf([runOf({})]).cost_micro_usd).toEqual({ mean: 100, low: null, high: null });
  expect(measuredOf([])).toMatchObject({ runs: 0, success: { rate: 0, low: 0, high: 1 }, cache_share: null, ends: {} });
});
