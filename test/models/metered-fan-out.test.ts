/** 200 random fan-outs: no cap is ever passed, by the count of an independent server as well as by our ledger. */
import { expect, test } from 'vitest';
import { playCases } from '../chaos/fan-out-cases.ts';

test('200 random fan-outs keep every cap through lies, failures, crashes and take-overs', async () => {
  const { bad, crashes, refusals } = await playCases(200, 11);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(20);
  expect(refusals).toBeGreaterThan(50);
}, 120_000);

test('60 random fan-outs three levels deep keep every cap, also that of each family under its own', async () => {
  const { bad, crashes, refusals } = await playCases(60, 23, 3);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(3);
  expect(refusals).toBeGreaterThan(20);
}, 120_000);
