/** The planner's hand-over: what is no plan goes back to it with what is wrong, and what is one stands on disk in both forms. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startOver } from '../../story/endpoint.ts';
import { KEY, openShop } from '../../story/shop.ts';
import { HAPPY, planReply, tool } from '../../story/world.ts';

const item = { id: 'product', title: 'product', goal: 'multiply', paths: ['src/**', 'test/**'], done_when: ['it does'] };

test.each([
  ['items of one id', { summary: 's', items: [item, item] }, 'items: every id must be unique'],
  ['an item that waits for none', { summary: 's', items: [{ ...item, depends_on: ['two'] }] }, 'there is no item \\"two\\"'],
  [
    'a path in another pattern language',
    { summary: 's', items: [{ ...item, paths: ['src/{a,b}.js'] }] },
    'list each path as a pattern of its own',
  ],
  ['no item, no question and no reason', { summary: 's', items: [] }, 'items: a plan needs at least one item'],
])('a plan with %s is answered with the rule, and the next one counts', async (_title, plan, rule) => {
  const replies = [tool('planner', 1, 1, 'submit_plan', plan), { ...planReply(), call: 2 }, ...HAPPY.slice(1)];
  const shop = await openShop({ replies, env: KEY });
  onTestFinished(() => shop.close());
  const operations = await shop.world.open();
  onTestFinished(() => operations.close());
  const { thread_id: thread, waiting } = await startOver(shop.world, operations);
  expect(waiting?.gate).toBe('release');
  const [, again] = shop.endpoint.seen.filter(({ role }) => role === 'planner');
  expect(again?.body.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining(rule) });
  const plans = (await operations.files(thread)).map(({ path }) => path).filter((path) => path.startsWith('10-'));
  expect(plans).toEqual(['10-plan.1.json', '10-plan.1.md']);
  expect(shop.world.dossier(thread, '10-plan.1.json')).toMatchObject({ made_by: 'agent:planner', body: { items: [{ id: 'product' }] } });
  expect(readFileSync(join(shop.world.home, 'runs', thread, '10-plan.1.md'), 'utf8')).toContain('multiply two numbers');
});
