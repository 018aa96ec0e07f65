/** 2,000 more random fan-outs. `CHAOS_SEED` plays others. */
import { expect, test } from 'vitest';
import { playCases } from './fan-out-cases.ts';

test('2,000 random fan-outs keep every cap', async () => {
  const { bad, crashes, refusals } = await playCases(2000, 1_000_003 * Number(process.env['CHAOS_SEED'] ?? 1));
  process.stdout.write(`fan-outs: ${crashes} crashes, ${refusals} refusals\n`);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(200);
});
