/** A file that was changed or taken away after it was recorded is named with both digests; whole ones are not. */
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makeWorld, start, type World } from '../../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

test('explain names the files that are no longer what was recorded, and no other', async () => {
  world = makeWorld();
  const operations = await world.open();
  const { thread_id: id } = await start(world, operations);
  expect(await operations.explain(id)).not.toContain('tampered');
  const folder = join(world.home, 'runs', id);
  appendFileSync(join(folder, '30-review.1.json'), ' ');
  rmSync(join(folder, '10-plan.1.json'));
  const told = (await operations.explain(id)).split('\n').filter((line) => line.startsWith('tampered'));
  expect(told).toEqual([
    expect.stringMatching(/^tampered {2}10-plan\.1\.json: digest none, the file is missing was found, [0-9a-f]{64} was recorded$/),
    expect.stringMatching(/^tampered {2}30-review\.1\.json: digest [0-9a-f]{64} was found, [0-9a-f]{64} was recorded$/),
  ]);
  await operations.close();
});
