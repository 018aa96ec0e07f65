/** How many git processes a run starts: each is a copy of this process for a moment, and together they are most of its own time. */
import { expect, test } from 'vitest';
import { startedBy } from '../tools/started-by.ts';
import { approve, makeWorld, start } from './world.ts';

/** Of a happy path, from its goal to its release. It may fall; what raises it says why. */
const MOST = 76;
/** The gits that stay to read objects end when nobody asks, so that a slow machine starts more of them. */
const isReader = (line: string): boolean => line.includes('cat-file --batch-command');

/** Without the settings of every git. */
const shown = (line: string): string => line.replace(/-c \S+ /g, '').slice(0, 200);

test('a happy path starts no more git processes than it did', async () => {
  const world = makeWorld();
  try {
    const operations = await world.open();
    let released = '';
    const started = await startedBy(async () => {
      const waiting = await start(world, operations);
      released = (await approve(operations, waiting.thread_id)).status;
    });
    await operations.close();
    expect(released).toBe('released');
    const asked = started.filter((line) => !isReader(line));
    expect(asked.length, asked.map(shown).join('\n')).toBeLessThanOrEqual(MOST);
    expect(started.length).toBeGreaterThan(asked.length);
    // A tree is listed once, whatever stages stand on it.
    const listed = asked.flatMap((line) => /ls-tree -r -z --full-tree (\w+)$/.exec(line)?.[1] ?? []);
    expect(listed.length).toBeGreaterThan(2);
    expect(new Set(listed).size).toBe(listed.length);
  } finally {
    world.dispose();
  }
});
