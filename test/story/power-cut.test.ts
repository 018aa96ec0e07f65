/**
 * A power cut between a relaxed commit and the next synced one: the process is killed, and its database's log is cut where the last
 * synced one ended. What a disk may do beyond that (a file that was never synced at all) is not imitated.
 */
import { existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type End, expectSame, walk } from '../chaos/harness.ts';
import { STORIES } from '../chaos/stories.ts';

/** What each takes back: a paid answer, a look, a file that was written, both checkpoints of a step, the end of a stage. */
const POINTS = [
  ['finish:model-answer:after', 2],
  ['finish:model-answer:after', 4],
  ['once:tool:build:after', 1],
  ['finish:tool-result:after', 1],
  ['put:nested:loop:after', 3],
  ['writes:nested:values:after', 4],
  ['put:top:loop:after', 3],
] as const;

let stage: Awaited<ReturnType<(typeof STORIES)['rework']>>;
let points: string[];
let whole: End;
beforeAll(async () => {
  stage = await STORIES.rework();
  ({ points, end: whole } = await stage.undisturbed());
}, 60_000);
afterAll(() => stage.dispose());

test.each(POINTS)(
  'at %s, the %i. time, costs one call at most, and the run ends as if nothing had happened',
  async (point, nth) => {
    expect(points.filter((other) => other === point).length).toBeGreaterThanOrEqual(nth);
    stage.reset();
    const { home, folder } = stage.world;
    const [log, synced] = [join(home, 'governor.sqlite-wal'), join(folder, 'synced')];
    expect((await walk(home, stage.threadId, { synced, kill: { point, nth } })).result).toBeUndefined();
    const left = Number(readFileSync(synced, 'utf8'));
    expect(statSync(log).size).toBeGreaterThan(left);
    truncateSync(log, left);
    const shared = join(home, 'governor.sqlite-shm');
    if (existsSync(shared)) rmSync(shared);
    await stage.finish();
    expectSame(await stage.end(), whole, 1);
    await stage.expectClean();
  },
  60_000,
);
