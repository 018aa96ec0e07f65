/** SIGKILL at every named point of every story, then a restart: the same end, one release, nothing recorded paid again. */
import { afterAll, describe, expect, test } from 'vitest';
import { expectSame, type Kill, type Stage, walk } from './harness.ts';
import { STORIES } from './stories.ts';

/** For each name its first and its last time. */
function killsOf(points: readonly string[], known: ReadonlySet<string>): Kill[] {
  const counts = new Map<string, number>();
  for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
  return [...counts].flatMap(([point, times]) => {
    if (known.has(`${point} ${times}`)) return [];
    return times === 1
      ? [{ point, nth: 1 }]
      : [
          { point, nth: 1 },
          { point, nth: times },
        ];
  });
}

/** A failed comparison with what it found. */
const told = (error: unknown): string =>
  `${String(error)} ${JSON.stringify(error instanceof Error && 'actual' in error ? error.actual : null)}`.slice(0, 1500);

const seen = new Set<string>();

describe.each(Object.keys(STORIES) as (keyof typeof STORIES)[])('%s', (name) => {
  let stage: Stage | undefined;
  afterAll(() => stage?.dispose());

  test('killed at each of its points', async () => {
    stage = await STORIES[name]();
    const { points, end: whole } = await stage.undisturbed();
    const kills = killsOf(points, seen).filter((kill) => kill.point.includes(process.env['CHAOS_POINT'] ?? ''));
    const counts = new Map<string, number>();
    for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
    for (const [point, times] of counts) seen.add(`${point} ${times}`);
    const failures: string[] = [];
    for (const kill of kills) {
      stage.reset();
      try {
        const died = await walk(stage.world.home, stage.threadId, { kill });
        expect(died.result, 'it was to die').toBeUndefined();
        expect(died.errors).toBe('');
        await stage.finish();
        expectSame(await stage.end(), whole, 1);
        await stage.expectClean();
      } catch (error) {
        failures.push(`${kill.point} (${kill.nth}): ${told(error)}`);
      }
    }
    process.stdout.write(`${name}: killed at ${kills.length} of ${points.length} points\n`);
    expect(failures).toEqual([]);
  });
});
