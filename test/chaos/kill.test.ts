/** Random SIGKILL over the happy, the rework and the push path and a fan-out of four: the same end, one release, nothing recorded paid twice. */
import { describe, expect, test } from 'vitest';
import { FULL } from '../full.ts';
import { expectSame, killAtRandom } from './harness.ts';
import { STORIES } from './stories.ts';

/** Stories of each kind, and kills in each story: 200 and 100 over the fan-out, or a third. */
const RUNS = FULL ? { happy: 7, rework: 7, push: 6, 'fan-out': 10 } : { happy: 3, rework: 2, push: 2, 'fan-out': 3 };
const KILLS = 10;

describe.each(Object.entries(RUNS) as [keyof typeof RUNS, number][])('%s', (name, runs) => {
  test(`survives ${runs * KILLS} random kills`, async () => {
    const stage = await STORIES[name](30);
    try {
      const { end: whole } = await stage.undisturbed();
      let killed = 0;
      for (let run = 1; run <= runs; run += 1) {
        const seed = Number(process.env['CHAOS_SEED'] ?? 1) * 7919 + run * 104_729 + name.length;
        const kills = await killAtRandom(stage, seed, KILLS);
        killed += kills;
        expectSame(await stage.end(), whole, kills);
        await stage.expectClean();
      }
      process.stdout.write(`${name}: ${killed} kills hit\n`);
      expect(killed).toBe(runs * KILLS);
    } finally {
      stage.dispose();
    }
  });
});
