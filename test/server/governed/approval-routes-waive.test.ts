/** Over HTTP a release with open findings is approved only by who waives each of them, by either way of deciding. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createThread } from '../../../runtime/start/create.ts';
import { createApp } from '../../../server/app.ts';
import { answerGate } from '../../../server/governed/answer-gate.ts';
import { governorEndpoints } from '../../../server/governed/routes.ts';
import { createMetrics } from '../../../server/http/metrics.ts';
import { MEANT } from '../../story/removal.ts';
import { makeWorld, type World } from '../../story/world.ts';
import { callerOf, driveServed, type GovernedServer, governedServer } from './governed-server.ts';

const approver = callerOf('key:approver', ['approver']);
let world: World;
let server: GovernedServer;
let call: (path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;

beforeAll(async () => {
  world = makeWorld(MEANT);
  server = await governedServer(world);
  const app = createApp(Object.assign(server, { limits: { bodyBytes: 1_000_000 }, authenticate: async () => approver }), {
    endpoints: governorEndpoints(server),
    hosts: ['localhost'],
    origins: [],
    metrics: createMetrics(),
  });
  call = async (path, body) => {
    const answer = await app.request(`http://localhost/governor${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
});
afterAll(() => {
  server.runtime.stores.close();
  world.dispose();
});

/** A thread at its gate, with the path of its approval and what it must waive. */
async function atGate() {
  const { threadId } = await createThread(server.runtime, { goal: 'Remove what is old', repo: world.repo, scriptFile: world.script });
  await driveServed(server, threadId);
  const row = (await server.runtime.stores.approvals.list({ threadId })).at(-1);
  const waive = row?.shown['waive'] as string[]; // the gate shows a list of ids
  return { threadId, path: `/approvals/${row?.id}`, good: { decision: 'approved', subject: row?.subject.digest }, waive };
}

test('by its own route', async () => {
  const { threadId, path, good, waive } = await atGate();
  expect(waive).toEqual([expect.stringMatching(/^F-/)]);
  const refused = await call(path, good);
  expect(refused).toMatchObject({ status: 422, body: { detail: expect.stringContaining(`add waive ${waive[0]}`) } });
  expect(refused).toMatchObject({ body: { detail: expect.not.stringContaining('governor approve') } });
  expect(await call(path, { ...good, waive: [...waive, 'F-none'] })).toMatchObject({ status: 422 });
  expect(await call(path, { ...good, waive })).toMatchObject({ status: 200, body: { status: 'approved', votes: [{ waive }] } });
  expect(await call(`/threads/${threadId}`)).toMatchObject({ body: { waivers: [{ finding_id: waive[0], by: 'key:approver' }] } });
});

test('by the answer to its interrupt', async () => {
  const { threadId, waive } = await atGate();
  const row = await server.runtime.stores.runs.get(threadId);
  if (row === undefined) throw new Error('no run');
  const answer = (resume: unknown) => answerGate({ governed: server, caller: approver }, row, { resume, placed: true });
  await expect(answer({ decision: 'approved' })).rejects.toMatchObject({ status: 422 });
  await expect(answer({ decisions: [{ type: 'approve' }] })).rejects.toMatchObject({ status: 422 });
  await answer({ decision: 'approved', waive });
  expect((await server.runtime.stores.approvals.list({ threadId })).at(-1)).toMatchObject({ status: 'approved', votes: [{ waive }] });
});
