/** Consent that nobody gave, over HTTP: every other way to the release is refused, two people are two, and nothing hides what was tried. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../../domain/audit.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { until } from '../../until.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

type Answer = { status: number; body: unknown };
type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;
interface Gate {
  readonly approval_id: string;
  readonly thread_id: string;
  readonly status: string;
  readonly votes: readonly unknown[];
  readonly subject: { readonly digest: string };
}

const TWO = [{ id: 'money', paths: ['src/**'], reason: 'moves money', approvers: { min: 2 } }];

let shop: Shop;
let server: TestServer;
let operator: Send;
let viewer: Send;
let admin: Send;
let alice: Send;
let bob: Send;
let carol: Send;
beforeAll(async () => {
  shop = await openShop({ config: { protect: TWO, plan: { approval: 'never' } } });
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  const as = async (owner: string, role: string): Promise<Send> => {
    const { key } = await issueKey(server.runtime.stores.served.keys, { owner: `service:${owner}`, roles: [role] });
    return async (method, path, body) => server.send(method, path, body, { 'x-api-key': key });
  };
  [operator, viewer, admin] = [await as('op', 'operator'), await as('viewer', 'viewer'), await as('root', 'admin')];
  [alice, bob, carol] = [await as('alice', 'approver'), await as('bob', 'approver'), await as('carol', 'approver')];
});
afterAll(async () => {
  await server.stop();
  await shop.close();
});

const merges = (): number => Number(shop.world.git('rev-list', '--merges', '--count', 'main'));
const gateOf = async (thread: string): Promise<Gate> => {
  const { body } = await viewer('GET', '/governor/approvals');
  const found = (body as Gate[]).find((gate) => gate.thread_id === thread); // the gates that wait
  if (found === undefined) throw new Error('no gate waits');
  return found;
};
const trail = async (thread: string): Promise<AuditRecord[]> =>
  (await viewer('GET', `/governor/threads/${thread}/audit`)).body as AuditRecord[]; // our own records
const statusOf = async (thread: string): Promise<unknown> =>
  ((await viewer('GET', `/threads/${thread}`)).body as { status: unknown }).status;

/** A served run that waits at its release gate for two people. */
async function atGate(): Promise<{ thread: string; gate: Gate; runs: string }> {
  const { thread_id: thread } = (await operator('POST', '/threads', {})).body as { thread_id: string }; // a thread
  const runs = `/threads/${thread}/runs`;
  await operator('POST', `${runs}/wait`, { assistant_id: 'governor', input: { goal: GOAL, repo: 'shop' } });
  return { thread, runs, gate: await gateOf(thread) };
}

test('an approval after a rejection is a conflict, and nothing is released', async () => {
  const { gate } = await atGate();
  const before = merges();
  const at = `/governor/approvals/${gate.approval_id}`;
  const { digest: subject } = gate.subject;
  expect(await alice('POST', at, { decision: 'rejected', subject, comment: 'no' })).toMatchObject({ status: 200 });
  for (const send of [alice, bob, carol]) expect(await send('POST', at, { decision: 'approved', subject })).toMatchObject({ status: 409 });
  expect(merges()).toBe(before);
});

describe('at a gate that waits', () => {
  let thread: string;
  let runs: string;
  let gate: Gate;
  beforeAll(async () => {
    ({ thread, runs, gate } = await atGate());
  });
  const refusedAll = async (send: Send, tried: readonly [string, string, unknown][], statuses: readonly number[]): Promise<void> => {
    for (const [method, path, body] of tried)
      expect(statuses, `${method} ${path} ${JSON.stringify(body)}`).toContain((await send(method, path, body)).status);
    expect(await gateOf(thread)).toEqual(gate);
    expect([await statusOf(thread), merges()]).toEqual(['interrupted', 0]);
  };
  const command = (of: object): [string, string, unknown] => ['POST', runs, { assistant_id: 'governor', command: of }];

  test('who started the run does not answer its own question, and the try is on record', async () => {
    const vote = { decision: 'approved', subject: gate.subject.digest };
    const tried: [string, string, unknown][] = [
      command({ resume: { decision: 'approved' } }),
      command({ resume: vote }),
      command({ resume: [{ type: 'accept', args: null }] }),
      command({ resume: { decisions: [{ type: 'approve' }] } }),
      ['POST', `/governor/approvals/${gate.approval_id}`, vote],
    ];
    await refusedAll(operator, tried, [403]);
    await refusedAll(viewer, tried, [403]);
    const denied = (await trail(thread)).filter(({ action }) => action === 'approval-denied');
    expect(denied.length).toBeGreaterThan(1);
    expect(denied[0]).toMatchObject({ actor: 'service:op', code: 'APPROVER_NOT_ALLOWED' });
  });

  test('no jump, update, edit or fork leads around it', async () => {
    const { body } = await viewer('GET', `/threads/${thread}/history?limit=100`);
    const older = (body as { checkpoint: { checkpoint_id: string } }[])[2]?.checkpoint.checkpoint_id; // states
    const forged = { route: 'deploy', releaseApproval: gate.approval_id };
    const tried: [string, string, unknown][] = [
      command({ goto: 'deploy' }),
      command({ goto: ['deploy'] }),
      command({ goto: { node: 'deploy', input: forged } }),
      command({ goto: [{ node: 'deploy', input: {} }] }),
      command({ update: forged }),
      command({ update: Object.entries(forged), goto: 'halt' }),
      command({ resume: { decision: 'approved' }, update: forged }),
      ['POST', runs, { assistant_id: 'governor', input: null, checkpoint_id: older }],
      ['POST', `${runs}/stream`, { assistant_id: 'governor', input: null, checkpoint: { checkpoint_id: older } }],
      ['POST', `/threads/${thread}/state`, { values: forged, as_node: 'approve_release' }],
      ['POST', `/threads/${thread}/state`, { values: forged, as_node: 'deploy' }],
      ['POST', `/threads/${thread}/state`, { values: forged, checkpoint_id: older }],
      ['POST', `/threads/${thread}/copy`, undefined],
      [
        'POST',
        '/threads',
        { supersteps: [{ updates: [{ values: forged, as_node: 'approve_release' }] }], metadata: { graph_id: 'governor' } },
      ],
    ];
    await refusedAll(operator, tried, [403, 409, 422]);
    await refusedAll(alice, tried, [403, 409, 422]);
    expect((await trail(thread)).filter(({ action }) => action === 'state-edit')).toEqual([]);
  });

  test('nothing that is not exactly a decision about exactly this is one', async () => {
    const at = `/governor/approvals/${gate.approval_id}`;
    const vote = { decision: 'approved', subject: gate.subject.digest };
    const words = ['true', 'yes', 1, true, {}, [], '', { approved: true }, { decision: 'APPROVED' }, { ...vote, more: 1 }, [vote, vote]];
    await refusedAll(
      alice,
      words.map((resume) => command({ resume })),
      [422],
    );
    await refusedAll(alice, [command({ resume: { ['f'.repeat(32)]: vote } }), command({ resume: { ...vote, edit: {} } })], [422]);
    const bodies = ['true', 1, {}, { decision: 'approved' }, { ...vote, decision: 'yes' }, { ...vote, more: 1 }, { ...vote, add_usd: 1 }];
    await refusedAll(
      alice,
      bodies.map((body) => ['POST', at, body]),
      [422],
    );
    await refusedAll(alice, [['POST', at, { ...vote, subject: 'f'.repeat(64) }]], [409]);
    await refusedAll(alice, [['POST', `/governor/approvals/${'f'.repeat(32)}`, vote]], [404]);
  });

  test('one who votes often is one, two who vote at once are one release, and later nobody votes', async () => {
    const at = `/governor/approvals/${gate.approval_id}`;
    const vote = { decision: 'approved', subject: gate.subject.digest };
    await Promise.all(Array.from({ length: 5 }, () => alice('POST', at, vote)));
    expect(await gateOf(thread)).toMatchObject({ status: 'pending', votes: [{ by: { id: 'service:alice' }, decision: 'approved' }] });
    expect(merges()).toBe(0);
    const both = await Promise.all([bob('POST', at, vote), carol('POST', at, vote)]);
    expect(both.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    await until(async () => (await statusOf(thread)) === 'idle', 'the release');
    expect(merges()).toBe(1);
    expect((await trail(thread)).filter(({ action }) => action === 'release-applied')).toHaveLength(1);
    for (const send of [alice, bob, carol]) expect(await send('POST', at, vote)).toMatchObject({ status: 409 });
    expect(await alice(...command({ resume: vote }))).toMatchObject({ status: 409 });
    expect(merges()).toBe(1);
  });

  test('and its trail stays, whoever deletes', async () => {
    const before = await trail(thread);
    const all = await viewer('GET', `${runs}?limit=100`);
    for (const { run_id } of all.body as { run_id: string }[]) {
      expect([404, 409, 422]).toContain((await operator('POST', `${runs}/${run_id}/cancel?action=rollback`)).status);
      await operator('DELETE', `${runs}/${run_id}`);
    }
    expect(await operator('DELETE', `/threads/${thread}`)).toMatchObject({ status: 409 });
    const prune = { thread_ids: [thread], strategy: 'delete' };
    expect(await operator('POST', '/threads/prune', prune)).toMatchObject({ status: 403 });
    await admin('POST', '/threads/prune', prune);
    await admin('DELETE', `/threads/${thread}`);
    expect((await trail(thread)).slice(0, before.length)).toEqual(before);
    expect((await viewer('GET', '/governor/audit/verify')).body).toMatchObject({ kind: 'whole' });
  });
});
