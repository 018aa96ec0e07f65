/** `/governor`: results, files, approvals and the trail over HTTP; and decisions of the command line that the server goes on with. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../domain/log.ts';
import { announceServer, isServed } from '../../../runtime/drive/presence.ts';
import { openOperations } from '../../../runtime/operations.ts';
import { createThread } from '../../../runtime/start/create.ts';
import { createApp } from '../../../server/app.ts';
import type { Caller } from '../../../server/auth/caller.ts';
import { governorEndpoints } from '../../../server/governed/routes.ts';
import { startSweep, sweepApproved } from '../../../server/governed/sweep.ts';
import { createMetrics } from '../../../server/http/metrics.ts';
import { makeWorld, type World } from '../../story/world.ts';
import { callerOf, driveServed, type GovernedServer, governedServer, putRuns } from './governed-server.ts';

const CALLERS: Readonly<Record<string, Caller>> = {
  viewer: callerOf('key:viewer', ['viewer']),
  operator: callerOf('key:operator', ['operator']),
  approver: callerOf('key:approver', ['approver']),
  admin: callerOf('key:admin', ['admin']),
  foreign: callerOf('key:foreign', ['operator', 'approver', 'admin'], 'acme'),
};

let world: World;
let server: GovernedServer;
let call: (as: string, method: string, path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;
let thread: string;

const run = (threadId: string, kwargs?: Readonly<Record<string, unknown>>) => driveServed(server, threadId, kwargs);

async function waiting(): Promise<string> {
  const goal = 'Add a product function with a test';
  const { threadId } = await createThread(server.runtime, { goal, repo: world.repo, scriptFile: world.script });
  await run(threadId);
  return threadId;
}

beforeAll(async () => {
  world = makeWorld();
  server = await governedServer(world);
  const app = createApp(
    Object.assign(server, {
      limits: { bodyBytes: 1_000_000 },
      authenticate: async (request: Request) => CALLERS[request.headers.get('x-who') ?? ''] ?? CALLERS['viewer'],
    }),
    { endpoints: governorEndpoints(server), hosts: ['localhost'], origins: [], metrics: createMetrics() },
  );
  call = async (as, method, path, body) => {
    const answer = await app.request(`http://localhost/governor${path}`, {
      method,
      headers: { 'x-who': as, host: 'localhost', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: answer.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text };
  };
  thread = await waiting();
});
afterAll(() => {
  server.runtime.stores.close();
  world.dispose();
});

test('what an operator says to the agents is recorded as theirs and decides nothing; a viewer only reads it', async () => {
  const path = `/threads/${thread}/comments`;
  const text = 'approved, use integers';
  expect(await call('operator', 'POST', path, { text })).toMatchObject({
    status: 200,
    body: { comment_id: expect.any(String), by: 'key:operator', text, to: [], heard: [], awaited: true },
  });
  expect(await call('viewer', 'GET', path)).toMatchObject({ status: 200, body: [{ by: 'key:operator', text }] });
  expect((await call('viewer', 'POST', path, { text })).status).toBe(403);
  expect((await call('foreign', 'POST', path, { text })).status).toBe(404);
  expect(await call('operator', 'POST', path, { text, agent: 'w1.1' })).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('agent "w1.1": no such agent is at work') },
  });
  expect(await call('viewer', 'GET', `/threads/${thread}`)).toMatchObject({ body: { status: 'waiting', waiting: { gate: 'release' } } });
});

describe('looking', () => {
  test('shows the result object, why, the difference, the files and the trail', async () => {
    expect(await call('viewer', 'GET', `/threads/${thread}`)).toMatchObject({
      status: 200,
      body: { thread_id: thread, status: 'waiting', waiting: { gate: 'release', required_role: 'approver' }, spend: { model_calls: 6 } },
    });
    expect(await call('viewer', 'GET', `/threads/${thread}/explain`)).toMatchObject({
      status: 200,
      body: expect.stringContaining('waits for gate "release"'),
    });
    expect(await call('viewer', 'GET', `/threads/${thread}/diff`)).toMatchObject({
      status: 200,
      body: expect.stringContaining('+export const product'),
    });
    const files = await call('viewer', 'GET', `/threads/${thread}/files`);
    expect(files.body).toContainEqual({ path: '10-plan.1.json', bytes: expect.any(Number) });
    expect(await call('viewer', 'GET', `/threads/${thread}/files/10-plan.1.md`)).toMatchObject({
      status: 200,
      body: expect.stringContaining('# Plan 1'),
    });
    expect(await call('viewer', 'GET', `/threads/${thread}/files/${encodeURIComponent('evidence/1/test.json')}`)).toMatchObject({
      status: 200,
    });
    const trail = await call('viewer', 'GET', `/threads/${thread}/audit?limit=1`);
    expect(trail.body).toMatchObject([{ threadId: thread, action: 'run-create' }]);
    expect(await call('viewer', 'GET', '/audit/verify')).toMatchObject({ status: 200, body: { kind: 'whole' } });
    expect(await call('viewer', 'GET', '/overview')).toMatchObject({
      status: 200,
      body: { total: 1, by_status: { waiting: 1 }, waiting: [{ thread_id: thread, gate: 'release' }], threads: [{ thread_id: thread }] },
    });
  });

  test('shows the log of its agents, of one of them, and page by page', async () => {
    const log = async (query = '') => (await call('viewer', 'GET', `/threads/${thread}/log${query}`)).body as LogEvent[]; // our own events
    const events = await log();
    expect(events.map(({ type, agent }) => [type, agent])).toContainEqual(['call', 'critic']);
    expect(events.find((event) => event.type === 'result' && event.tool === 'run_command')).toMatchObject({ agent: 'lead', exit_code: 0 });
    expect(await log('?agent=lead')).toEqual(events.filter(({ agent }) => agent === 'lead'));
    const pages: LogEvent[] = [];
    for (let page = await log('?limit=2'); page.length > 0; page = await log(`?limit=2&after=${page.at(-1)?.seq}`)) pages.push(...page);
    expect(pages).toEqual(events);
    expect(await call('viewer', 'GET', `/threads/${thread}/log?agent=w7.1`)).toMatchObject({
      status: 422,
      body: { detail: `agent "w7.1": thread ${thread} has planner, lead, critic; name one of them` },
    });
    expect(await call('viewer', 'GET', `/threads/${thread}/log?limit=0`)).toMatchObject({ status: 422 });
  });

  test('names only files of the dossier', async () => {
    for (const name of ['../../governor.sqlite', '/etc/passwd', '..', 'nothing.json', 'evidence'])
      expect(await call('admin', 'GET', `/threads/${thread}/files/${encodeURIComponent(name)}`)).toMatchObject({ status: 404 });
  });

  test("another tenant's threads and gates do not exist", async () => {
    for (const path of ['', '/explain', '/diff', '/files', '/files/10-plan.1.json', '/audit', '/log'])
      expect(await call('foreign', 'GET', `/threads/${thread}${path}`)).toMatchObject({ status: 404 });
    for (const what of ['cancel', 'rollback'])
      expect(await call('foreign', 'POST', `/threads/${thread}/${what}`, what === 'cancel' ? undefined : { reason: 'r' })).toMatchObject({
        status: 404,
      });
    expect(await call('foreign', 'GET', '/approvals')).toEqual({ status: 200, body: [] });
    expect(await call('foreign', 'GET', '/overview')).toMatchObject({ body: { total: 0, waiting: [], threads: [] } });
    const gate = (await server.runtime.stores.approvals.list({ threadId: thread })).at(-1);
    const body = { decision: 'approved', subject: gate?.subject.digest };
    expect(await call('foreign', 'POST', `/approvals/${gate?.id}`, body)).toMatchObject({ status: 404 });
  });
});

describe('deciding', () => {
  test('needs the role, the subject that was shown, and known fields', async () => {
    const [gate] = (await call('viewer', 'GET', '/approvals?status=pending')).body as {
      approval_id: string;
      subject: { digest: string };
    }[];
    const path = `/approvals/${gate?.approval_id}`;
    const good = { decision: 'approved', subject: gate?.subject.digest };
    expect(await call('viewer', 'POST', path, good)).toMatchObject({ status: 403 });
    expect(await call('operator', 'POST', path, good)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('role "approver" is needed') },
    });
    expect(await call('approver', 'POST', path, { ...good, subject: 'f'.repeat(64) })).toMatchObject({ status: 409 });
    expect(await call('approver', 'POST', path, { decision: 'approved' })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('body.subject') },
    });
    expect(await call('approver', 'POST', path, { ...good, as: 'admin' })).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining('"as"') },
    });
    expect(await call('approver', 'POST', path, { ...good, add_usd: 0 })).toMatchObject({ status: 422 });
    expect(await call('approver', 'POST', path, { ...good, decision: 'rejected' })).toMatchObject({
      status: 422,
      body: { detail: 'reject: comment is required, so that the next attempt knows why' },
    });
    expect(await call('approver', 'POST', `/approvals/${'0'.repeat(32)}`, good)).toMatchObject({ status: 404 });
    expect(await putRuns(server, thread)).toEqual([]);
  });

  test('puts a run that goes on to the release; twice is a conflict; only an admin rolls back', async () => {
    const [gate] = (await call('viewer', 'GET', '/approvals')).body as { approval_id: string; subject: { digest: string } }[];
    const body = { decision: 'approved', subject: gate?.subject.digest, comment: 'well done' };
    const decided = await call('approver', 'POST', `/approvals/${gate?.approval_id}`, body);
    const [put] = await putRuns(server, thread);
    expect(decided).toMatchObject({
      status: 200,
      body: { status: 'approved', run_id: put?.runId, votes: [{ by: { id: 'key:approver' } }] },
    });
    expect(server.pokes).toBeGreaterThan(0);
    expect(await call('approver', 'POST', `/approvals/${gate?.approval_id}`, body)).toMatchObject({ status: 409 });
    expect(await call('admin', 'POST', `/threads/${thread}/rollback`, { reason: 'too early' })).toMatchObject({ status: 409 });
    const glass = { for: 'key:root', reason: 'the state is stuck' };
    expect(await call('operator', 'POST', `/threads/${thread}/break-glass`, glass)).toMatchObject({ status: 403 });
    expect(await call('foreign', 'POST', `/threads/${thread}/break-glass`, glass)).toMatchObject({ status: 404 });
    expect(await call('admin', 'POST', `/threads/${thread}/break-glass`, { ...glass, reason: '' })).toMatchObject({ status: 422 });
    expect(await call('admin', 'POST', `/threads/${thread}/break-glass`, glass)).toMatchObject({
      status: 200,
      body: { ...glass, thread_id: thread, by: 'key:admin', until: expect.any(String) },
    });
    expect(await run(thread, put?.kwargs)).toMatchObject({ status: 'success' });
    expect(await call('operator', 'POST', `/threads/${thread}/cancel`)).toMatchObject({ status: 409 });
    expect(await call('operator', 'POST', `/threads/${thread}/rollback`, { reason: 'wrong' })).toMatchObject({ status: 403 });
    expect(await call('admin', 'POST', `/threads/${thread}/rollback`, { reason: 'wrong' })).toMatchObject({
      status: 200,
      body: { status: 'rolled_back' },
    });
  });

  test('a cancel at the gate voids it', async () => {
    const other = await waiting();
    expect(await call('viewer', 'POST', `/threads/${other}/cancel`)).toMatchObject({ status: 403 });
    expect(await call('operator', 'POST', `/threads/${other}/cancel`)).toMatchObject({
      status: 200,
      body: { status: 'cancelled', waiting: null },
    });
    expect(await call('viewer', 'GET', '/approvals')).toEqual({ status: 200, body: [] });
  });
});

describe('a decision of the command line', () => {
  test('is gone on with by the live server, once, while the command line watches', async () => {
    const other = await waiting();
    const operations = await openOperations({ home: world.home, env: { PATH: process.env['PATH'] ?? '' } });
    expect(isServed(server.runtime)).toBe(false);
    const put = new Set<string>();
    expect(await sweepApproved(server, put)).toBe(0);
    const gate = await operations.gate(other);
    await operations.decide(other, { decision: 'rejected', comment: 'use another name', subject: gate?.row.subject.digest ?? '' });
    announceServer(server.runtime);
    const watching = operations.goOn(other);
    expect(await sweepApproved(server, put)).toBe(1);
    expect(await sweepApproved(server, put)).toBe(0);
    const [run1] = await putRuns(server, other);
    const end = await run(other, run1?.kwargs);
    const result = await watching;
    expect(result).toMatchObject({ thread_id: other, status: 'stopped', reason: { code: 'SCRIPT_MISS' } });
    expect(end.status).toBe('error');
    const starts = (await operations.audit(other)).filter((record) => record.action === 'run-start');
    expect(starts).toHaveLength(2);
    await operations.close();
  });

  test('is left to no server that has fallen silent, or has said goodbye', () => {
    const stop = startSweep(server);
    expect(isServed(server.runtime)).toBe(true);
    expect(isServed({ ...server.runtime, clock: { ...server.runtime.clock, now: () => Date.now() + 6000 } })).toBe(false);
    stop();
    expect(isServed(server.runtime)).toBe(false);
  });

  test('is gone on with by the command line where the server dies in it', async () => {
    const other = await waiting();
    const operations = await openOperations({ home: world.home, env: { PATH: process.env['PATH'] ?? '' } });
    const gate = await operations.gate(other);
    await operations.decide(other, { decision: 'rejected', comment: 'use another name', subject: gate?.row.subject.digest ?? '' });
    announceServer(server.runtime);
    const watching = operations.goOn(other);
    const fence = await server.runtime.stores.runs.acquire(other);
    await server.runtime.stores.runs.update(fence, { status: 'running' });
    await new Promise((wake) => setTimeout(wake, 200));
    await server.runtime.stores.runs.release(fence);
    expect(await watching).toMatchObject({ status: 'stopped', reason: { code: 'SCRIPT_MISS' } });
    await operations.close();
  });
});

test('a governed thread stays on its graph, whatever its metadata is patched to', async () => {
  const patched = await server.served.threads.patch({ tenant: 'default' }, thread, { metadata: { graph_id: 'other', note: 'kept' } });
  expect(patched.metadata).toMatchObject({ graph_id: 'governor', note: 'kept' });
});
