/** `governor demo`: one scenario by its name, and a name that there is not. */
import { afterEach, expect, test } from 'vitest';
import { governor } from '../../story/command.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

test('a scenario is played to the end that it declares, and an unknown one is refused by name', async () => {
  world = makeWorld();
  const played = await governor(world, ['demo', 'no-change', '--json']);
  expect(played.code).toBe(0);
  expect(JSON.parse(played.output.trim().split('\n').at(-1) ?? '')).toMatchObject({ scenario: 'no-change', ok: true, differences: [] });
  const refused = await governor(world, ['demo', 'nothing-such']);
  expect(refused.code).toBe(2);
  expect(refused.errors).toContain('nothing-such');
});
