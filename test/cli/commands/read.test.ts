/** What `cancel` ends with. */
import { afterEach, expect, test } from 'vitest';
import { governor } from '../../story/command.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

test('a cancel that worked exits 0, also again; one of a released thread does not', async () => {
  world = makeWorld();
  const run = await governor(world, ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, '--json']);
  const thread = String(run.result.thread_id);
  for (let time = 0; time < 2; time += 1)
    expect(await governor(world, ['cancel', thread, '--json'])).toMatchObject({ code: 0, result: { status: 'cancelled' } });
  const again = await governor(world, ['resume', thread, '--json']);
  await governor(world, ['approve', thread, '--subject', String(again.result.waiting?.subject)]);
  expect(await governor(world, ['cancel', thread])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('is released; it cannot be cancelled'),
  });
});
