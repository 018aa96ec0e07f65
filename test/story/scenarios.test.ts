/** Every shipped scenario ends as it declares: the demo, as tests. */
import { expect, test } from 'vitest';
import { play } from '../../cli/play.ts';
import { loadScenarios } from '../../cli/scenario.ts';

test.each(loadScenarios(undefined).map((scenario) => [scenario.name, scenario] as const))('the scenario %s', async (_name, scenario) => {
  const played = await play(scenario, { keep: false, path: process.env['PATH'] ?? '' });
  expect(played.differences).toEqual([]);
});
