/** SIGKILL at every named point of the happy path, then a restart: the same end, one release, nothing recorded paid again. */
import { expect, test } from 'vitest';
import { EVERY, killAtEach } from './points.ts';
import { STORIES } from './stories.ts';

test('the happy path, killed at each of its points', async () => {
  const stage = await STORIES.happy();
  try {
    const { failures, kills } = await killAtEach(stage);
    process.stdout.write(`happy: ${kills} points\n`);
    expect(failures).toEqual([]);
    expect(kills).toBeGreaterThan(process.env['CHAOS_POINT'] === undefined ? 120 / EVERY : 0);
  } finally {
    stage.dispose();
  }
});
