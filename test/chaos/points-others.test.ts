/** SIGKILL at the points that the other stories add to the happy path: rework, plan gate, push, a release that is rolled back. */
import { beforeAll, expect, test } from 'vitest';
import { countPoints, killAtEach } from './points.ts';
import { STORIES } from './stories.ts';

const OTHERS = (Object.keys(STORIES) as (keyof typeof STORIES)[]).filter((name) => name !== 'happy');
let known: Map<string, number>;

beforeAll(async () => {
  const happy = await STORIES.happy();
  known = countPoints((await happy.undisturbed()).points);
  happy.dispose();
});

test.each(OTHERS)('%s, killed at each of its own points', async (name) => {
  const stage = await STORIES[name]();
  try {
    const { failures, kills } = await killAtEach(stage, known);
    process.stdout.write(`${name}: ${kills} points\n`);
    expect(failures).toEqual([]);
  } finally {
    stage.dispose();
  }
});
