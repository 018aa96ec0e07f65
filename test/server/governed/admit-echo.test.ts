/** An answer sent twice never reaches the next gate, and who edited a plan is one of its authors. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { admitGoverned } from '../../../server/governed/admit.ts';
import { latestState } from '../../../server/governed/graph.ts';
import { runGoverned } from '../../../server/governed/run.ts';
import { problemOf } from '../../../server/http/problem.ts';
import { GOAL, KEY, openShop } from '../../story/shop.ts';
import { callerOf, governedServer, servedRun } from './governed-server.ts';

const ann = callerOf('key:ann', ['operator', 'approver']);

test('an approval that names no gate is not taken for the gate that opened after it', async () => {
  const shop = await openShop({ config: { plan: { approval: 'always' } } });
  const server = await governedServer(shop.world, KEY);
  try {
    const threadId = randomUUID();
    const ask = (body: object) => admitGoverned(server, ann, { threadId, temporary: false, body: { if_not_exists: 'create', ...body } });
    const run = (kwargs: Readonly<Record<string, unknown>>) =>
      runGoverned(server, servedRun(threadId, kwargs), {
        signal: new AbortController().signal,
        drain: new AbortController().signal,
        modes: ['values'],
        subgraphs: false,
        emit: async () => undefined,
      });
    const gates = async (): Promise<string[]> =>
      (await server.runtime.stores.approvals.list({ threadId })).map(({ gate, status }) => `${gate} ${status}`);
    await run((await ask({ input: { goal: GOAL, repo: 'shop' } })).kwargs);
    const approve = { command: { resume: { decisions: [{ type: 'approve' }] } } };
    await run((await ask(approve)).kwargs);
    expect(await gates()).toEqual(['plan approved', 'release pending']);

    const problem = await ask(approve).then(
      () => undefined,
      (error: unknown) => problemOf(error),
    );
    expect(problem).toMatchObject({ status: 409, message: expect.stringMatching(/opened after an answer of key:ann less than 10 s ago/) });
    expect(await gates()).toEqual(['plan approved', 'release pending']);

    const [waits] = (await latestState(server, threadId)).tasks.flatMap((task) => task.interrupts ?? []);
    await run((await ask({ command: { resume: { [String(waits?.id)]: { decisions: [{ type: 'approve' }] } } } })).kwargs);
    expect(await gates()).toEqual(['plan approved', 'release approved']);
  } finally {
    server.runtime.stores.close();
    await shop.close();
  }
});
