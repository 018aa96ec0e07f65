/** Budgets against a server with a tokenizer of its own: a fixed sample, and with `CI_FULL=1` all 2,000 cases; the published bursts. */

import { expect, test } from 'vitest';
import { playBurst, playCountedCases } from '../chaos/counted-cases.ts';
import { FULL } from '../full.ts';

const CASES = FULL ? 2000 : 250;

test(`${CASES} random conversations keep every cap by the server’s own count, through every lie that can be told`, async () => {
  const { bad, ...sums } = await playCountedCases(CASES, 1);
  process.stdout.write(`counted: ${JSON.stringify({ cases: CASES, ...sums })}\n`);
  expect(bad).toEqual([]);
  expect(sums.reported).toBeGreaterThan(CASES);
  expect(sums.lies).toBeGreaterThan(CASES / 4);
  expect(sums.distrusted).toBeGreaterThan(CASES / 10);
  expect(sums.refusals).toBeGreaterThan(CASES / 4);
  expect(sums.crashes).toBeGreaterThan(CASES / 10);
}, 1_800_000);

test('of 20 calls at once on a budget that is nearly empty none is sent', async () => {
  expect(await playBurst(20, 0.9)).toMatchObject({ requests: 0, costMicroUsd: 0, refused: 20 });
});

test('of 20 calls at once on a budget for one, one is sent, and what the server bills is within it', async () => {
  const { requests, refused, costMicroUsd, capMicroUsd } = await playBurst(20, 1);
  expect([requests, refused]).toEqual([1, 19]);
  expect(costMicroUsd).toBeLessThanOrEqual(capMicroUsd);
});

test('a race of 64 workers on one budget sends no more than it pays for at their worst', async () => {
  const { requests, refused, costMicroUsd, capMicroUsd } = await playBurst(64, 24.5);
  expect(requests).toBeGreaterThanOrEqual(24);
  expect(requests + refused).toBe(64);
  expect(costMicroUsd).toBeLessThanOrEqual(capMicroUsd);
});
