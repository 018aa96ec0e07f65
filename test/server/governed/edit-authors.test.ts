/** Whoever wrote what is to be approved is its author: over HTTP, with keys, an editor of the plan or of the state does not approve it. */
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, expect, test } from 'vitest';
import { KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const PLAN = {
  summary: 'add a product function, as Bob wants it',
  items: [
    { id: 'product', title: 'product', goal: 'multiply two numbers', paths: ['src/**', 'test/**'], done_when: ['node --test passes'] },
  ],
};
const ACCEPT = { decisions: [{ type: 'approve' }] };

let shop: Shop;
let server: TestServer;

/** A server on whose repository the sources need an approver who is no author. */
async function open(approvers: { readonly notStarter: boolean }): Promise<void> {
  const protect = [{ id: 'sums', paths: ['src/**'], approvers: { role: 'approver', min: 1, ...approvers }, reason: 'adds up money' }];
  shop = await openShop({ config: { protect } });
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
}
afterEach(async () => {
  await server.stop();
  await shop.close();
});

interface Person {
  readonly id: string;
  readonly client: Client;
  /** Answers the gate that waits by its route. */
  approve(threadId: string): Promise<{ status: number; body: unknown }>;
  /** As the second admin, lets another one edit the thread's state. */
  opens(threadId: string, other: Person): Promise<void>;
}

/** A person with a key of their own. */
async function person(name: string, ...roles: string[]): Promise<Person> {
  const owner = `person:${name}`;
  const { key } = await issueKey(server.runtime.stores.served.keys, { name, owner, roles });
  const send = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(`${server.url}/governor${path}`, {
      method,
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return {
    id: owner,
    client: new Client({ apiUrl: server.url, apiKey: key, callerOptions: { maxRetries: 0 } }),
    approve: async (threadId) => {
      const gates = (await send('GET', '/approvals')).body as { approval_id: string; thread_id: string; subject: { digest: string } }[]; // what the route shows
      const gate = gates.find((one) => one.thread_id === threadId);
      return send('POST', `/approvals/${gate?.approval_id}`, { decision: 'approved', subject: gate?.subject.digest });
    },
    opens: async (threadId, other) => {
      const body = { for: other.id, reason: 'the gate must be asked anew' };
      expect((await send('POST', `/threads/${threadId}/break-glass`, body)).status).toBe(200);
    },
  };
}

/** Answers the gate that waits by its interrupt. */
async function resume(who: Person, threadId: string, answer: unknown): Promise<unknown> {
  const [waits] = Object.values((await who.client.threads.get(threadId)).interrupts).flat();
  return who.client.runs.wait(threadId, 'governor', { command: { resume: { [String(waits?.id)]: answer } } });
}

/** A thread of Ann's that waits at its plan gate. */
async function planned(ann: Person): Promise<string> {
  const { thread_id } = await ann.client.threads.create({ graphId: 'governor' });
  const input = { goal: 'Add a product function with a test', repo: 'shop' };
  expect(await ann.client.runs.wait(thread_id, 'governor', { input })).toMatchObject({ __interrupt__: [{ value: { gate: 'plan' } }] });
  return thread_id;
}

const atRelease = { __interrupt__: [{ value: { gate: 'release' } }] };
const merges = (): string => shop.world.git('rev-list', '--merges', '--count', 'main');

/** Refused by the graph's own answer and by the gate's route, on the record, and nothing is released. */
async function refused(who: Person, threadId: string): Promise<void> {
  await expect(resume(who, threadId, ACCEPT)).rejects.toThrow(/403.*may not approve it/);
  expect(await who.approve(threadId)).toMatchObject({ status: 403, body: { detail: expect.stringContaining('may not approve it') } });
  const denied = (await server.runtime.stores.audit.read({ threadId })).filter(({ action }) => action === 'approval-denied').slice(-2);
  expect(denied).toMatchObject([0, 1].map(() => ({ actor: who.id, code: 'APPROVER_NOT_ALLOWED' })));
  expect(merges()).toBe('0');
}

test('who edited the plan does not approve its release, nor does who started it; a third person does', async () => {
  await open({ notStarter: true });
  const [ann, bob, carol] = [
    await person('ann', 'operator', 'approver'),
    await person('bob', 'approver'),
    await person('carol', 'approver'),
  ];
  const thread = await planned(ann);
  await refused(ann, thread);
  expect(await resume(bob, thread, { decision: 'approved', edit: PLAN })).toMatchObject(atRelease);
  expect(shop.world.dossier(thread, '10-plan.2.json')).toMatchObject({ made_by: bob.id, body: { summary: PLAN.summary } });
  await refused(bob, thread);
  await refused(ann, thread);
  expect(await resume(carol, thread, ACCEPT)).toMatchObject({ outcome: 'released' });
  expect(merges()).toBe('1');
});

test('who only approved the plan has written nothing, and approves the release too', async () => {
  await open({ notStarter: true });
  const [ann, bob] = [await person('ann', 'operator'), await person('bob', 'approver')];
  const thread = await planned(ann);
  expect(await resume(bob, thread, ACCEPT)).toMatchObject(atRelease);
  expect((await bob.approve(thread)).status).toBe(200);
  await expect.poll(merges, { timeout: 20_000 }).toBe('1');
});

test('where the rule does not ask for another person, who edited the plan approves its release', async () => {
  await open({ notStarter: false });
  const [ann, bob] = [await person('ann', 'operator'), await person('bob', 'approver')];
  const thread = await planned(ann);
  expect(await resume(bob, thread, { decision: 'approved', edit: PLAN })).toMatchObject(atRelease);
  expect(await resume(bob, thread, ACCEPT)).toMatchObject({ outcome: 'released' });
});

test.each([
  ['a jump', (dora: Person, thread: string) => dora.client.runs.wait(thread, 'governor', { command: { goto: 'approve_release' } })],
  [
    'an edit of values',
    async (dora: Person, thread: string) => {
      await dora.client.threads.updateState(thread, { values: { rounds: 0 }, asNode: 'review_critic' });
      return dora.client.runs.wait(thread, 'governor', { input: null });
    },
  ],
])('who edited the state by %s does not approve what came of it', async (_how, edit) => {
  await open({ notStarter: true });
  const [ann, bob, eve] = [await person('ann', 'operator'), await person('bob', 'approver'), await person('eve', 'admin', 'approver')];
  const dora = await person('dora', 'admin', 'approver');
  const thread = await planned(ann);
  expect(await resume(bob, thread, ACCEPT)).toMatchObject(atRelease);
  await eve.opens(thread, dora);
  expect(await edit(dora, thread)).toMatchObject(atRelease);
  await refused(dora, thread);
  // Who opened it has written nothing.
  expect(await resume(eve, thread, ACCEPT)).toMatchObject({ outcome: 'released' });
});
