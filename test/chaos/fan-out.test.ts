/** 2,500 more random fan-outs. `CHAOS_SEED` plays others. */
import { expect, test } from 'vitest';
import { playCases, playDollar } from './fan-out-cases.ts';

test('2,000 random fan-outs keep every cap', async () => {
  const { bad, crashes, refusals } = await playCases(2000, 1_000_003 * Number(process.env['CHAOS_SEED'] ?? 1));
  process.stdout.write(`fan-outs: ${crashes} crashes, ${refusals} refusals\n`);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(200);
});

test('500 random fan-outs three levels deep keep every cap', async () => {
  const { bad, crashes } = await playCases(500, 999_983 * Number(process.env['CHAOS_SEED'] ?? 1), 3);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(40);
});

test('eight workers under a cap of one dollar, each call ten cents at worst: 100 of 100 runs settle at most a dollar', async () => {
  for (let run = 1; run <= 100; run += 1) {
    const { settledMicroUsd, requests, afterRefusal } = await playDollar(run);
    expect(settledMicroUsd).toBeLessThanOrEqual(1_000_000);
    expect(requests).toBeGreaterThanOrEqual(10);
    expect(afterRefusal).toBe(0);
  }
});
