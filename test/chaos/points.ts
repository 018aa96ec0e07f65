/** Kills a story at each of its named points, one life each, and collects what went wrong. */
import { expect } from 'vitest';
import { FULL } from '../full.ts';
import { expectSame, type Kill, type Stage, walk } from './harness.ts';

/** How often each point is reached. */
export function countPoints(points: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
  return counts;
}

/**
 * The last time of each point, and of each `after` the first time too. Of points that another story has `known`, only the last
 * `after` where this one has more of them: `before` and `inside` roll back to the same place.
 */
export function killsOf(counts: ReadonlyMap<string, number>, known: ReadonlyMap<string, number> = new Map()): Kill[] {
  return [...counts].flatMap(([point, times]) => {
    const before = known.get(point);
    const last = { point, nth: times };
    if (before !== undefined) return before < times && point.endsWith(':after') ? [last] : [];
    return times > 1 && point.endsWith(':after') ? [{ point, nth: 1 }, last] : [last];
  });
}

/** A failed comparison with what it found. */
const told = (error: unknown): string =>
  `${String(error)} ${JSON.stringify(error instanceof Error && 'actual' in error ? error.actual : null)}`.slice(0, 600);

/** Where time is short every eighth is a fixed sample; all with `CI_FULL=1`, or where a word names them. */
export const EVERY = FULL || process.env['CHAOS_POINT'] !== undefined ? 1 : 8;

/** Empty when every life ended as the undisturbed one. `CHAOS_POINT` narrows it to points that contain a word. */
export async function killAtEach(stage: Stage, known?: ReadonlyMap<string, number>): Promise<{ failures: string[]; kills: number }> {
  const { points, end: whole } = await stage.undisturbed();
  const kills = killsOf(countPoints(points), known)
    .filter((kill) => kill.point.includes(process.env['CHAOS_POINT'] ?? ''))
    .filter((_kill, index) => index % EVERY === 0);
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
  return { failures, kills: kills.length };
}
