/** Kills around what a builder asks for: a dependency, another plan, a dispute. Nothing is paid or installed twice. */
import { expect, test } from 'vitest';
import { expectSame, type Stage, walk } from '../chaos/harness.ts';
import { STORIES } from '../chaos/stories.ts';

/** Each with how often the setup runs: again only where the kill came before it was recorded. */
const POINTS = [
  ['setup:done', 2],
  ['node:install:exit', 1],
  ['file:25-appeal.1.json:after', 1],
  ['file:20-build.3.json:after', 1],
] as const;

async function installsOf(stage: Stage): Promise<number> {
  const operations = await stage.world.open();
  const records = await operations.audit(stage.threadId);
  await operations.close();
  return records.filter((record) => record.action === 'setup-start').length;
}

test(`a run killed at ${POINTS.length} points of its appeals ends as if nothing had happened`, async () => {
  const stage = await STORIES.appeals();
  try {
    const { points, end: whole } = await stage.undisturbed();
    expect(whole).toMatchObject({ status: 'released', reason: undefined });
    for (const [point, installs] of POINTS) {
      expect(points, point).toContain(point);
      stage.reset();
      const died = await walk(stage.world.home, stage.threadId, { kill: { point, nth: 1 } });
      expect(died.result, point).toBeUndefined();
      await stage.finish();
      // None of these is in the middle of a model's call, so that not one is asked again.
      expectSame(await stage.end(), whole, 0);
      expect(await installsOf(stage), point).toBe(installs);
      await stage.expectClean();
    }
  } finally {
    stage.dispose();
  }
}, 300_000);
