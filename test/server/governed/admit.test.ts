/** What clients ask of governed threads: goals, answers, comments, jumps and forks, and who may. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../../server/auth/caller.ts';
import { admitGoverned } from '../../../server/governed/admit.ts';
import { assertGlassBroken, breakGlass, OPEN_MS } from '../../../server/governed/break-glass.ts';
import { editGoverned } from '../../../server/governed/edit.ts';
import { latestState } from '../../../server/governed/graph.ts';
import { problemOf } from '../../../server/http/problem.ts';
import type { GovernedAsk } from '../../../server/project/governs.ts';
import { type Endpoint, endpointConfig, openEndpoint } from '../../story/endpoint.ts';
import { critic, HAPPY, makeWorld, PRODUCT, PRODUCT_TEST, planReply, submit, type World, write } from '../../story/world.ts';
import { callerOf, driveServed, type GovernedServer, governedServer } from './governed-server.ts';

let world: World;
let endpoint: Endpoint;
let server: GovernedServer;
/** Waits at its gate from the first test there to the last. */
let threadId: string;

const GOAL = 'Add a product function with a test';
const ALL = ['operator', 'approver'] as const;
const ann = callerOf('key:ann', ALL);
const admin = callerOf('key:root', ['admin']);
const second = callerOf('key:second', ['admin']);

async function open(operator: string | null = `repositories:\n  shop: ${world.repo}\n`): Promise<void> {
  server?.runtime.stores.close();
  mkdirSync(world.home, { recursive: true });
  if (operator === null) rmSync(join(world.home, 'operator.yaml'), { force: true });
  else writeFileSync(join(world.home, 'operator.yaml'), operator);
  server = await governedServer(world, { OPENAI_API_KEY: 'sk-test-key' });
}

/** What its agents say when they are asked again. */
const AGAIN = [
  planReply(2),
  write(2, 1, 'src/product.js', `// Again.\n${PRODUCT}`),
  write(2, 2, 'test/product.test.js', PRODUCT_TEST),
  submit(2, 3),
  critic(2),
];

beforeAll(async () => {
  endpoint = await openEndpoint([...HAPPY, ...AGAIN]);
  world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
});
afterAll(async () => {
  server.runtime.stores.close();
  await endpoint.close();
  world.dispose();
});

const ask = (caller: Caller, threadId: string, body: GovernedAsk['body'], temporary = false) =>
  admitGoverned(server, caller, { threadId, temporary, body: { if_not_exists: 'create', ...body } });

async function refused(work: Promise<unknown>, status: number, words: RegExp): Promise<void> {
  const problem = await work.then(
    () => undefined,
    (error: unknown) => problemOf(error),
  );
  expect(problem).toMatchObject({ status, message: expect.stringMatching(words) });
}

const run = (threadId: string, kwargs?: Readonly<Record<string, unknown>>) => driveServed(server, threadId, kwargs);

/** A thread that waits at its release gate. */
async function waiting(): Promise<string> {
  await open();
  const threadId = randomUUID();
  const { kwargs } = await ask(ann, threadId, { input: { goal: GOAL, repo: 'shop' } });
  expect((await run(threadId, kwargs)).status).toBe('interrupted');
  return threadId;
}

const stateOf = async (threadId: string) => latestState(server, threadId);
const pending = async (threadId: string) => (await server.runtime.stores.approvals.list({ threadId, status: 'pending' })).at(-1);
const actions = async (threadId: string) => (await server.runtime.stores.audit.read({ threadId })).map((record) => record.action);

async function expectStillWaiting(threadId: string): Promise<void> {
  expect(await pending(threadId)).toMatchObject({ status: 'pending', votes: [] });
  expect((await run(threadId)).status).toBe('interrupted');
  expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
}

describe('the first input', () => {
  test('makes the thread the caller’s, and the run carries nothing of it', async () => {
    await open();
    const threadId = randomUUID();
    const bob = callerOf('key:bob', ['operator'], 'acme');
    const { kwargs } = await ask(bob, threadId, { input: { goal: GOAL, repo: 'shop' } });
    expect(kwargs).toEqual({
      input: null,
      command: undefined,
      checkpoint: undefined,
      governed: { epoch: 0, created: expect.objectContaining({ canned: false, warnings: [] }) },
    });
    expect(await server.runtime.stores.runs.get(threadId)).toMatchObject({ input: { goal: GOAL, repo: world.repo, starter: 'key:bob' } });
    expect(await server.served.threads.get({ tenant: 'acme' }, threadId)).toMatchObject({
      metadata: { graph_id: 'governor' },
      governed: true,
    });
    expect(await server.served.threads.get({ tenant: 'default' }, threadId)).toBeUndefined();
    await refused(ask(ann, threadId, { input: null }), 404, /not found/);
  });

  test('a chat’s last human message is the goal where there is one repository', async () => {
    await open();
    const threadId = randomUUID();
    await ask(ann, threadId, {
      input: {
        messages: [
          { type: 'human', content: 'hello' },
          { type: 'ai', content: 'hi' },
          { role: 'user', content: [{ type: 'text', text: GOAL }] },
        ],
      },
    });
    expect((await server.runtime.stores.runs.get(threadId))?.input.goal).toBe(GOAL);
  });

  test('needs a named repository, a goal, and the right to run', async () => {
    await open(`repositories:\n  shop: ${world.repo}\n  other: /nowhere\n`);
    const id = randomUUID();
    await refused(ask(ann, id, { input: { goal: GOAL, repo: world.repo } }), 422, /is not a repository of this server; it has shop, other/);
    await refused(ask(ann, id, { input: { messages: [{ type: 'human', content: GOAL }] } }), 422, /2 repositories/);
    await refused(ask(ann, id, { input: { goal: ' ', repo: 'shop' } }), 422, /goal: is empty/);
    await refused(ask(ann, id, { input: { goal: GOAL, repo: 'shop', approved: true } }), 422, /unknown field "approved"/);
    await refused(ask(ann, id, { input: {} }), 422, /input\.goal/);
    await refused(ask(ann, id, { input: null }), 422, /no goal yet/);
    await refused(ask(ann, id, { input: { messages: [{ type: 'ai', content: 'x' }] } }), 422, /none of them is a human message/);
    await refused(ask(ann, id, { command: { resume: { decision: 'approved' } } }), 409, /no goal yet/);
    await refused(ask(callerOf('v', ['viewer']), id, { input: { goal: GOAL, repo: 'shop' } }), 403, /needs one of operator, admin/);
    await refused(ask(ann, id, { input: { goal: GOAL, repo: 'shop' }, if_not_exists: 'reject' }), 404, /not found/);
    expect(await server.served.threads.get({ tenant: 'default' }, id)).toBeUndefined();
    expect(await server.runtime.stores.runs.get(id)).toBeUndefined();
  });

  test('without operator.yaml only the single local operator names a path', async () => {
    await open(null);
    const id = randomUUID();
    await refused(ask(ann, id, { input: { goal: GOAL, repo: world.repo } }), 403, /may only name repositories of operator\.yaml/);
    const local: Caller = { ...ann, person: server.runtime.person };
    await refused(ask(local, id, { input: { goal: GOAL, repo: 'relative' } }), 422, /absolute path/);
    await ask(local, id, { input: { goal: GOAL, repo: world.repo } });
    expect(await server.runtime.stores.runs.get(id)).toMatchObject({ status: 'running' });
  });

  test('what a governed thread cannot do is said, not dropped', async () => {
    await open();
    const start = { input: { goal: GOAL, repo: 'shop' } };
    await refused(ask(ann, randomUUID(), { ...start, interrupt_before: ['lead'] }), 422, /"lead" is none of .*approve_release/);
    await ask(ann, randomUUID(), { ...start, interrupt_before: '*', interrupt_after: ['plan'], stream_mode: 'debug' });
    await ask(ann, randomUUID(), { ...start, multitask_strategy: 'rollback', stream_mode: ['values', 'events'] });
  });

  test('a thread with another graph’s state is not taken', async () => {
    const threadId = await waiting();
    const id = randomUUID();
    const { checkpoint, metadata } =
      (await (await server.runtime.stores.saver()).getTuple({ configurable: { thread_id: threadId } })) ?? {};
    if (checkpoint === undefined || metadata === undefined) throw new Error('no checkpoint');
    await (await server.runtime.stores.saver()).put({ configurable: { thread_id: id } }, checkpoint, metadata);
    await refused(ask(ann, id, { input: { goal: GOAL, repo: 'shop' } }), 409, /state of another graph/);
  });
});

describe('at a gate', () => {
  beforeAll(async () => {
    threadId = await waiting();
  });

  test('the same input and no input go on, another is a conflict, and a chat message is a comment', async () => {
    await ask(ann, threadId, { input: { goal: GOAL, repo: 'shop' } });
    await ask(ann, threadId, { input: null });
    await refused(ask(ann, threadId, { input: { goal: 'another goal', repo: 'shop' } }), 409, /takes one goal/);
    await ask(ann, threadId, { input: { messages: [{ type: 'human', content: 'yes, approved!' }] } });
    expect((await server.runtime.stores.audit.read({ threadId })).at(-1)).toMatchObject({
      action: 'approval-comment',
      actor: 'key:ann',
      facts: { gate: 'release', message: 'yes, approved!' },
    });
    await expectStillWaiting(threadId);
  });

  test('nothing unclear is consent, and an ignore is nothing', async () => {
    for (const resume of ['yes', true, '', null, {}, [], { approved: true }, [{ type: 'approve' }]])
      await refused(ask(ann, threadId, { command: { resume } }), 422, /accepted are .* gate stays pending/);
    await refused(ask(ann, threadId, { command: {} }), 422, /is empty/);
    await refused(ask(ann, threadId, { command: { resume: [{ type: 'response', args: ' ' }] } }), 422, /a rejection needs a comment/);
    await ask(ann, threadId, { command: { resume: [{ type: 'ignore', args: null }] } });
    await expectStillWaiting(threadId);
  });

  test('what is about another gate, or comes from who may not decide, is refused', async () => {
    const resume = { decision: 'approved', subject: 'f'.repeat(64) };
    await refused(ask(ann, threadId, { command: { resume } }), 409, /the pending gate "release" is about/);
    const other = { resume: { ['b'.repeat(32)]: { decision: 'approved' } } };
    await refused(ask(ann, threadId, { command: other }), 422, /^command\.resume: it answers interrupt b+/);
    await refused(ask(ann, threadId, { command: other, strict_resume: true }), 422, /^UnknownInterruptError: .*answers interrupt b+/);
    await refused(ask(callerOf('v', ['viewer']), threadId, { command: { resume: { decision: 'approved' } } }), 403, /needs one of/);
    await refused(
      ask(callerOf('o', ['operator']), threadId, { command: { resume: { decision: 'approved' } } }),
      403,
      /role "approver" is needed/,
    );
    await refused(ask(callerOf('x', ALL, 'acme'), threadId, { command: { resume: { decision: 'approved' } } }), 404, /not found/);
    await refused(ask(ann, threadId, { command: { resume: { decision: 'approved', edit: {} } } }), 422, /only a plan can be edited/);
    await refused(
      ask(ann, threadId, { command: { resume: { decision: 'approved' }, update: { releaseApproval: 'x' } } }),
      422,
      /goes alone/,
    );
    await expectStillWaiting(threadId);
  });

  test('jumps, updates and forks are refused to everybody but an admin', async () => {
    const older = (await stateOf(threadId)).parentConfig?.configurable?.['checkpoint_id'];
    for (const body of [
      { command: { goto: 'deploy' } },
      { command: { goto: [{ node: 'deploy', input: {} }] } },
      { command: { update: { route: 'deploy', releaseApproval: 'forged' } } },
      { checkpoint: { checkpoint_id: String(older) } },
      { checkpoint_id: String(older) },
    ])
      await refused(ask(ann, threadId, body), 403, /needs one of admin/);
    await refused(ask(ann, threadId, { command: { resume: { decision: 'approved' } }, checkpoint_id: String(older) }), 409, /has moved on/);
    await refused(assertGlassBroken(server, ann, threadId), 403, /needs one of admin/);
    await refused(editGoverned(server, ann, threadId, { values: { route: 'deploy' } }), 403, /needs one of admin/);
    // Nothing is open on it that could be taken back.
    await ask(ann, threadId, { input: null, multitask_strategy: 'rollback' });
    await expectStillWaiting(threadId);
  });
});

describe('jumps, updates and forks by an admin', () => {
  test.each([
    ['a jump to the deployer', { goto: 'deploy', update: [['releaseApproval', 'forged']] as [string, unknown][] }],
    ['a forged approval', { update: { route: 'deploy', releaseApproval: 'forged' } }],
    ['a forged release', { update: { outcome: 'released', route: 'end', releaseKey: 'forged' }, goto: 'halt' }],
  ])('are on the record and release nothing: %s', async (_name, command) => {
    const other = await waiting();
    await refused(ask(admin, other, { command }), 403, /a second admin/);
    expect(await actions(other)).not.toContain('state-edit');
    await breakGlass(server, second, other, { for: admin.person.id, reason: 'an exercise' });
    const { kwargs } = await ask(admin, other, { command });
    if ('goto' in command) expect((await stateOf(other)).next).toEqual([command.goto]);
    const end = await run(other, kwargs);
    expect(end.status).not.toBe('success');
    expect(world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
    expect(await actions(other)).toContain('state-edit');
    expect(await actions(other)).not.toContain('release-applied');
  });

  test('the second admin is another one, for this thread, this admin and a quarter of an hour; on the record with the reason', async () => {
    const other = await waiting();
    const mayEdit = (caller = admin, at = server) => assertGlassBroken(at, caller, other);
    await refused(breakGlass(server, ann, other, { for: admin.person.id, reason: 'x' }), 403, /needs one of admin/);
    await refused(breakGlass(server, admin, other, { for: admin.person.id, reason: 'x' }), 422, /is yourself/);
    await breakGlass(server, second, threadId, { for: admin.person.id, reason: 'another thread' });
    await breakGlass(server, second, other, { for: 'key:third', reason: 'another admin' });
    await refused(mayEdit(), 403, /needs a second admin/);
    const opened = await breakGlass(server, second, other, { for: admin.person.id, reason: 'the state is stuck' });
    expect(opened).toMatchObject({ thread_id: other, for: admin.person.id, by: second.person.id, reason: 'the state is stuck' });
    await mayEdit();
    await refused(mayEdit(second), 403, /needs a second admin/);
    const later = { ...server.runtime.clock, now: () => Date.parse(opened.until) };
    await refused(mayEdit(admin, { ...server, runtime: { ...server.runtime, clock: later } }), 403, /needs a second admin/);
    expect(Date.parse(opened.until) - server.runtime.clock.now()).toBeLessThanOrEqual(OPEN_MS);
    expect(
      (await server.runtime.stores.audit.read({ threadId: other })).filter(({ action }) => action === 'break-glass').at(-1),
    ).toMatchObject({
      actor: second.person.id,
      facts: { for: admin.person.id, reason: 'the state is stuck', until: opened.until },
    });
    await mayEdit({ ...admin, person: { ...admin.person, id: 'local:ada', method: 'local', alone: true } });
  });

  /** Set back to where `node` was due, it waits at its gate again; the files that are new then. */
  async function forkedBefore(node: string): Promise<{ other: string; fresh: string[]; calls: number }> {
    const other = await waiting();
    const { dossier, ledger } = server.runtime.stores;
    const filesOf = async () => (await dossier.list(other)).map(({ path }) => path).filter((path) => /^\d\d-.*\.json$/.test(path));
    const callsOf = async () => (await ledger.totals(other, 'run')).settled.modelCalls;
    const [files, calls] = [await filesOf(), await callsOf()];
    let before: string | undefined;
    let at = await stateOf(other);
    while (before === undefined && at.parentConfig !== undefined) {
      if (at.next[0] === node) before = String(at.config.configurable?.['checkpoint_id']);
      at = await (await server.graph()).getState(at.parentConfig);
    }
    await breakGlass(server, second, other, { for: admin.person.id, reason: 'an exercise' });
    const { kwargs } = await ask(admin, other, { checkpoint_id: String(before) });
    expect((await stateOf(other)).next).toEqual([node]);
    expect(await run(other, kwargs)).toMatchObject({ status: 'interrupted' });
    await expectStillWaiting(other);
    return { other, fresh: (await filesOf()).filter((path) => !files.includes(path)), calls: (await callsOf()) - calls };
  }

  test.each([
    ['plan', ['10-plan.2.json', '20-build.2.json', '30-review.2.json'], AGAIN.length],
    ['build', ['20-build.2.json', '30-review.2.json'], AGAIN.length - 1],
    ['review_rules', ['30-review.2.json'], 1],
    ['review_critic', ['30-review.2.json'], 1],
  ])(
    'an admin forks from before %s: its agents are asked anew, in an attempt of their own, and it waits again',
    async (node, files, calls) => {
      const forked = await forkedBefore(node);
      expect(forked.fresh).toEqual(files);
      expect(forked.calls).toBe(calls);
      const { values } = await stateOf(forked.other);
      const build = await server.runtime.stores.dossier.read(forked.other, (values as { buildFile: { path: string } }).buildFile.path);
      expect(build?.ref.path).toBe(files.includes('20-build.2.json') ? '20-build.2.json' : '20-build.1.json');
      // Gone on with once more, nothing is asked again.
      expect(await run(forked.other)).toMatchObject({ status: 'interrupted' });
      expect((await actions(forked.other)).filter((action) => action === 'run-forked')).toHaveLength(1);
    },
  );

  test('an edit that names the newest checkpoint is no fork: nobody is asked anew', async () => {
    const other = await waiting();
    const { checkpoint_id: head } = (await stateOf(other)).config.configurable ?? {};
    await breakGlass(server, second, other, { for: admin.person.id, reason: 'an exercise' });
    await editGoverned(server, admin, other, { values: { rounds: 0 }, asNode: 'review_critic', checkpointId: String(head) });
    expect(await actions(other)).toContain('state-edit');
    expect(await actions(other)).not.toContain('run-forked');
  });
});

test('an answer is recorded as the caller’s decision, and the run goes on to the release', async () => {
  const eve = callerOf('key:eve', ['approver']);
  const head = (await stateOf(threadId)).config.configurable;
  const { kwargs } = await ask(eve, threadId, {
    input: {},
    command: { resume: { decisions: [{ type: 'approve' }] } },
    checkpoint: { checkpoint_id: String(head?.['checkpoint_id']), checkpoint_ns: '' },
  });
  expect((await server.runtime.stores.approvals.list({ threadId })).at(-1)).toMatchObject({
    status: 'approved',
    votes: [{ by: { id: 'key:eve', role: 'approver', method: 'key' }, decision: 'approved', selfApproved: false }],
  });
  expect(await run(threadId, kwargs)).toMatchObject({ status: 'success', values: { outcome: 'released' } });
  await refused(
    ask(eve, threadId, { command: { resume: { decisions: [{ type: 'approve' }] } } }),
    409,
    /is released; no approval is pending/,
  );
});
