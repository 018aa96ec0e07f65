/** The server dies or is drained in the middle of a governed run and comes back: the open page goes on by itself. */
import { expect, test } from 'vitest';
import { HAPPY } from '../story/world.ts';
import { holdRole } from './hold.ts';
import { openForFile, openPage, openWorld } from './opened.ts';
import { inAnotherProcess } from './server-process.ts';

openForFile();

test.each(['SIGKILL', 'SIGTERM'] as const)('after %s the page waits, follows the same run, and misses nothing', async (signal) => {
  const governed = await openWorld(HAPPY, {}, inAnotherProcess);
  const app = await openPage({ api: governed.server.url });
  const letGo = holdRole(governed.endpoint, 'lead');
  await app.begin();
  await app.passed('plan');
  await expect.poll(() => governed.endpoint.count('planner')).toBe(1);
  const before = await app.list('nodes');
  const ended = governed.server.end(signal);
  letGo();
  await ended;
  expect(await app.page.getByRole('status').textContent()).toBe('at work');
  await governed.server.start();

  expect(await app.question()).toMatchObject({ action: 'approve_release' });
  const [run, ...others] = await app.list('runs');
  const nodes = await app.list('nodes');
  expect(others).toEqual([]);
  expect(nodes.slice(0, before.length)).toEqual(before);
  expect(nodes).toEqual(await governed.nodesOf(app.threadId(), run ?? ''));
  expect(await governed.client.runs.list(app.threadId())).toMatchObject([{ run_id: run, status: 'interrupted' }]);
  await app.press('Approve');
  await app.released();
  expect(governed.world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
});
