/** The short chaos: kills at the points that cost most when they go wrong, a few random kills, and files that cannot be written. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { expectSame, killAtRandom, walk } from '../chaos/harness.ts';
import { STORIES } from '../chaos/stories.ts';
import { HAPPY, makeWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

/** One of each kind: around a checkpoint, a paid answer, a tool's effect, a hand-over file, an approval, a release. */
const POINTS = [
  ['put:top:loop:before', 2],
  ['writes:nested:values:after', 3],
  ['model:lead:after', 2],
  ['node:planner:exit', 1],
  ['node:critic_tools:enter', 1],
  ['finish:model-answer:inside', 4],
  ['tool:write_file:done', 1],
  ['file:20-build.1.json:inside', 1],
  ['approval:vote:after', 1],
  ['writes:top:__resume__:after', 1],
  ['ref:heads:after', 2],
  ['finish:release-applied:before', 1],
] as const;

test(`a run killed at ${POINTS.length} chosen points ends as if nothing had happened`, async () => {
  const stage = await STORIES.happy();
  try {
    const { points, end: whole } = await stage.undisturbed();
    for (const [point, nth] of POINTS) {
      expect(points.filter((other) => other === point).length, point).toBeGreaterThanOrEqual(nth);
      stage.reset();
      const died = await walk(stage.world.home, stage.threadId, { kill: { point, nth } });
      expect(died.result, point).toBeUndefined();
      await stage.finish();
      expectSame(await stage.end(), whole, 1);
      await stage.expectClean();
    }
  } finally {
    stage.dispose();
  }
}, 300_000);

test('a run that is killed at random again and again ends in the same release, and pays no recorded answer twice', async () => {
  const stage = await STORIES.rework(20);
  try {
    const { end: whole } = await stage.undisturbed();
    expect(await killAtRandom(stage, 7, 6)).toBe(6);
    expectSame(await stage.end(), whole, 6);
  } finally {
    stage.dispose();
  }
}, 300_000);

for (const file of ['10-plan.1.json', '20-build.1.json', '30-review.1.json']) {
  test(`when ${file} could not be written, a resume takes the journaled answers and pays nothing again`, async () => {
    world = makeWorld();
    const operations = await world.open();
    const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
    const inTheWay = join(world.home, 'runs', threadId, file);
    mkdirSync(inTheWay, { recursive: true });
    const stopped = await operations.drive(threadId);
    expect(stopped.reason).toMatchObject({ code: 'INTERNAL', resumable: true });
    rmdirSync(inTheWay);
    const waiting = await operations.resume(threadId);
    expect(waiting.reason).toBeNull();
    expect(waiting.status).toBe('waiting');
    expect(waiting.spend.model_calls).toBe(HAPPY.length);
    await operations.close();
  });
}
