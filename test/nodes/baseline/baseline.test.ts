/** The base before any change: a red one stops the run before a model is asked, unless its check is allowed to be red. */
import { expect, test } from 'vitest';
import { eachWorld, operations, otherWorld, world } from '../../story/each.ts';
import { CONFIG, start } from '../../story/world.ts';

eachWorld();

const RED = { 'src/sum.js': 'export const sum = () => 0;\n' };
const [check] = CONFIG.checks;

test('a red base is told with its evidence, and costs nothing', async () => {
  await otherWorld({ files: RED });
  const { thread_id: thread, status, reason, spend } = await start(world, operations);
  expect([status, reason?.code, spend.model_calls]).toEqual(['stopped', 'BASELINE_FAILED', 0]);
  expect(world.dossier(thread, 'evidence/0/baseline.json')).toMatchObject({
    made_by: 'governor',
    body: { checks: [{ id: 'test', status: 'fail' }] },
  });
});

test('a check whose baseline is allowed to be red lets the run go on', async () => {
  await otherWorld({ files: RED, config: { checks: [{ ...check, baseline: 'allow' }] } });
  const { thread_id: thread, spend } = await start(world, operations);
  expect(spend.model_calls).toBeGreaterThan(0);
  expect(world.dossier(thread, 'evidence/0/baseline.json')).toMatchObject({ body: { checks: [{ status: 'fail' }] } });
});
