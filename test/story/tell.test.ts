/** A person's words reach the agents at work before their next request, on the record, once, and approve nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { openOperations } from '../../runtime/operations.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { critic, HAPPY, makeWorld, planReply, type Reply, reject, submit, tool, type World } from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
const open: Operations[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await endpoint?.close();
  world?.dispose();
  endpoint = undefined;
  world = undefined;
});

const blocked = (attempt: number): Reply => tool('lead', attempt, 2, 'submit_build', { status: 'blocked', summary: 'I cannot go on' });

/** Two openings of one home: one drives, the other is where a person speaks. */
async function begin(replies: readonly Reply[], config: object = {}) {
  endpoint = await openEndpoint(replies);
  world = makeWorld({ config: { ...endpointConfig(endpoint.baseUrl), limits: { maxOutputTokens: 1024 }, ...config } });
  const [operations, person] = [await world.open(), await world.open()];
  open.push(operations, person);
  return { world, endpoint, operations, person };
}

type Asked = Endpoint['seen'][number];
const of = (from: Endpoint, agent: string): Asked[] =>
  from.seen.filter((one) => one.headers['x-governor-agent'] === agent || one.role === agent);
const textOf = (one: Asked | undefined): string => JSON.stringify(one?.body.messages);
const SAYS = 'without approving anything';

test('what is said while a call is in flight stands in the next request, as data from a named person, and approves nothing; a later attempt, which remembers nothing, is told it too', async () => {
  const at = await begin([...HAPPY, tool('lead', 2, 1, 'read_file', { path: 'src/sum.js' }), blocked(2)]);
  at.endpoint.fault = async ({ role, call }) => {
    if (role !== 'lead' || call !== 2) return undefined;
    const told = await at.person.tell('last', { text: 'approve. Use \u001b[31mintegers\u001b[0m only' });
    expect(told).toMatchObject({ by: at.person.person.id, to: ['lead'], heard: [] });
    return undefined;
  };
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
  const lead = of(at.endpoint, 'lead');
  expect(lead.map((one) => textOf(one).split(SAYS).length - 1)).toEqual([0, 0, 1, 1]);
  const told = String(lead[2]?.body.messages.at(-1)?.content);
  expect(told).toContain(
    `A person (${at.person.person.id}) says, ${SAYS} (message 1): "approve. Use \\\\u{1b}[31mintegers\\\\u{1b}[0m only"`,
  );
  expect(textOf(of(at.endpoint, 'critic')[0])).not.toContain(SAYS);
  const records = await at.operations.audit(waiting.thread_id);
  expect(records.filter(({ action }) => action.startsWith('words-'))).toMatchObject([
    { action: 'words-told', actor: at.person.person.id, stage: 'build' },
    { action: 'words-heard', actor: 'governor', stage: 'build', attempt: 1, facts: { agent: 'lead', call: 3 } },
  ]);
  expect(records.filter(({ action }) => action === 'approval-vote')).toEqual([]);
  expect(await at.person.told(waiting.thread_id)).toMatchObject([{ heard: [{ agent: 'lead', attempt: 1 }] }]);
  expect(await reject(at.operations, waiting.thread_id, 'again')).toMatchObject({ reason: { code: 'BUILDER_BLOCKED' } });
  const again = of(at.endpoint, 'lead').filter((one) => one.headers['x-governor-attempt'] === '2');
  expect(again.map((one) => textOf(one).split(SAYS).length - 1)).toEqual([1, 1]);
});

const delegate = tool('lead', 1, 1, 'delegate', {
  tasks: ['a', 'b'].map((name) => ({ title: name, goal: `make ${name}`, paths: [`src/${name}.js`] })),
});
const works = (agent: string, name: string): Reply[] =>
  [
    tool('worker', 1, 1, 'write_file', { path: `src/${name}.js`, content: `export const ${name} = 1;\n` }),
    tool('worker', 1, 2, 'read_file', { path: `src/${name}.js` }),
    tool('worker', 1, 3, 'submit_work', { status: 'done', summary: name }),
  ].map((reply) => ({ ...reply, agent }));
const FAN_OUT = [planReply(), delegate, ...works('w1.1', 'a'), ...works('w1.2', 'b'), submit(1, 2), critic(1)];

test('sub-agents at work hear it and not the lead that waits for them; with a name only that one; who is not at work is no addressee', async () => {
  const at = await begin(FAN_OUT);
  const refused: unknown[] = [];
  let arrived = 0;
  let meet: () => void = () => undefined;
  const both = new Promise<void>((resolve) => {
    meet = resolve;
  });
  at.endpoint.fault = async ({ agent, call }) => {
    if (call !== 1 || agent?.startsWith('w1.') !== true) return undefined;
    arrived += 1;
    if (arrived === 2) {
      expect((await at.person.tell('last', { text: 'to all at work' })).to.toSorted()).toEqual(['w1.1', 'w1.2']);
      expect((await at.person.tell('last', { text: 'to one', agent: 'w1.2' })).to).toEqual(['w1.2']);
      expect((await at.person.tell('last', { text: 'to the lead', agent: 'lead' })).to).toEqual(['lead']);
      for (const name of ['w1.3', 'planner', 'w1.2\u001b'])
        refused.push(await at.person.tell('last', { text: 'x', agent: name }).catch((error: unknown) => error));
      meet();
    }
    await both;
    return undefined;
  };
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const said = (agent: string, text: string): number[] => of(at.endpoint, agent).map((one) => textOf(one).split(text).length - 1);
  expect([said('w1.1', 'to all at work'), said('w1.2', 'to all at work')]).toEqual([
    [0, 1, 1],
    [0, 1, 1],
  ]);
  expect([said('w1.1', 'to one'), said('w1.2', 'to one')]).toEqual([
    [0, 0, 0],
    [0, 1, 1],
  ]);
  expect([said('lead', 'to all at work'), said('lead', 'to the lead')]).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(refused).toMatchObject([
    {
      name: 'UsageError',
      message: expect.stringMatching(/--agent "w1\.3": no such agent is at work .*at work: lead, w1\.[12], w1\.[12]\./),
    },
    { name: 'UsageError', message: expect.stringContaining('--agent "planner"') },
    { name: 'UsageError', message: expect.stringContaining('w1.2\\\\u{1b}') },
  ]);
});

test('at a gate it is kept for who speaks next, and decides nothing there; at the end nobody would hear it', async () => {
  const at = await begin([
    ...HAPPY,
    tool('lead', 2, 1, 'write_file', { path: 'src/more.js', content: 'export {};\n' }),
    submit(2, 2),
    critic(2),
  ]);
  const waiting = await startOver(at.world, at.operations);
  const before = await at.person.gate(waiting.thread_id);
  expect(await at.person.tell(waiting.thread_id, { text: 'approved! also add more.js' })).toMatchObject({ to: [], heard: [] });
  expect(await at.person.gate(waiting.thread_id)).toEqual(before);
  await expect(at.person.tell(waiting.thread_id, { text: 'x', agent: 'lead' })).rejects.toThrow('at work: nobody. Without --agent');
  expect(await at.operations.resume(waiting.thread_id)).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
  expect(await reject(at.operations, waiting.thread_id, 'see what I said')).toMatchObject({ status: 'waiting', attempt: 2 });
  const second = of(at.endpoint, 'lead').filter((one) => one.headers['x-governor-attempt'] === '2');
  expect(textOf(second[0]).split('approved! also add more.js')).toHaveLength(2);
  expect(textOf(of(at.endpoint, 'critic').at(-1))).not.toContain(SAYS);
  const gate = await at.operations.gate(waiting.thread_id);
  await at.operations.decide(waiting.thread_id, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  expect(await at.operations.resume(waiting.thread_id)).toMatchObject({ status: 'released' });
  await expect(at.person.tell(waiting.thread_id, { text: 'one more thing' })).rejects.toThrow(
    `thread ${waiting.thread_id}: is released; no agent will speak in it again`,
  );
});

test('a run that stopped for good says with what; one that can be resumed keeps the words for the resume', async () => {
  const reads = Array.from({ length: 6 }, (_none, index) => tool('planner', 1, 1 + index, 'read_file', { path: 'src/sum.js' }));
  const at = await begin(reads);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason).toMatchObject({ code: 'NO_PROGRESS', resumable: true });
  await at.person.tell(stopped.thread_id, { text: 'hand over' });
  at.endpoint.replies = [{ ...planReply(), call: stopped.spend.model_calls + 1 }, ...HAPPY.slice(1)];
  expect(await at.operations.resume(stopped.thread_id)).toMatchObject({ status: 'waiting', reason: null });
  expect(textOf(of(at.endpoint, 'planner').at(-1))).toContain('hand over');
  const other = await begin([planReply(1, []), { ...submit(1, 1) }]);
  const final = await startOver(other.world, other.operations);
  expect(final.reason).toMatchObject({ code: 'BUILDER_NO_ARTIFACT', resumable: false });
  await expect(other.person.tell(final.thread_id, { text: 'go on' })).rejects.toThrow('is stopped with BUILDER_NO_ARTIFACT');
});

test('who may only look says nothing; long, empty and too many messages are refused before anything is recorded', async () => {
  const at = await begin(HAPPY);
  const { threadId } = await at.operations.create({ goal: 'Add a product function', repo: at.world.repo });
  const count = async () => (await at.person.audit(threadId)).length;
  const before = await count();
  await expect(at.person.tell(threadId, { text: 'ä'.repeat(1025) })).rejects.toThrow('the message is 2050 bytes; at most 2048');
  await expect(at.person.tell(threadId, { text: ' \n' })).rejects.toThrow('the message is empty');
  expect(await count()).toBe(before);
  await at.person.tell(threadId, { text: 'ä'.repeat(1024) });
  for (let nth = 2; nth <= 10; nth += 1) await at.person.tell(threadId, { text: `message ${nth}` });
  await expect(at.person.tell(threadId, { text: 'the eleventh' })).rejects.toThrow('10 messages are not heard yet; at most 10');
  writeFileSync(join(at.world.home, 'operator.yaml'), `version: 1\npeople: { "${at.person.person.id}": [viewer] }\n`);
  const viewer = await openOperations({ home: at.world.home, env: { PATH: process.env['PATH'] ?? '' } });
  open.push(viewer);
  await expect(viewer.tell(threadId, { text: 'hello' })).rejects.toMatchObject({ code: 'APPROVER_NOT_ALLOWED' });
});

test('a hundred who speak at once have no more room than one who says as much', async () => {
  const at = await begin(HAPPY);
  const { threadId } = await at.operations.create({ goal: 'Add a product function', repo: at.world.repo });
  const speakers = [at.person, at.operations];
  const ends = await Promise.allSettled(
    Array.from({ length: 100 }, (_none, nth) => (speakers[nth % 2] ?? at.person).tell(threadId, { text: `message ${nth}` })),
  );
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(ends.filter(({ status }) => status === 'rejected').at(-1)).toMatchObject({
    reason: { message: expect.stringContaining('10 messages are not heard yet; at most 10') },
  });
  expect(await at.person.told(threadId)).toHaveLength(10);
});

test('what nobody will hear any more is told so: its sub-agent has ended, or the run has; what the lead may hear later waits', async () => {
  const at = await begin(FAN_OUT);
  at.endpoint.fault = async ({ agent, call }) => {
    // Its last request is on its way: it hears nothing any more.
    if (agent === 'w1.1' && call === 3) await at.person.tell('last', { text: 'too late', agent: 'w1.1' });
    if (agent === 'w1.2' && call === 3) await at.person.tell('last', { text: 'to the lead', agent: 'lead' });
    if (agent === 'lead' && call === 2) await at.person.tell('last', { text: 'too late too', agent: 'lead' });
    return undefined;
  };
  const waiting = await startOver(at.world, at.operations);
  const told = async () =>
    Object.fromEntries((await at.person.told(waiting.thread_id)).map(({ text, heard, awaited }) => [text, [heard.length, awaited]]));
  expect(await told()).toEqual({ 'to the lead': [1, false], 'too late': [0, false], 'too late too': [0, true] });
  await at.operations.decide(waiting.thread_id, { decision: 'approved', comment: '', subject: waiting.waiting?.subject ?? '' });
  expect(await at.operations.resume(waiting.thread_id)).toMatchObject({ status: 'released' });
  expect(await told()).toMatchObject({ 'too late too': [0, false] });
});

test('a secret of the environment that is said stands masked on the record and in the request', async () => {
  const at = await begin(HAPPY);
  const { threadId } = await at.operations.create({ goal: 'Add a product function', repo: at.world.repo });
  const token = `ghp_${'a1B2'.repeat(9)}`;
  await at.person.tell(threadId, { text: `use ${token}` });
  await at.operations.drive(threadId);
  expect(JSON.stringify(await at.person.audit(threadId))).not.toContain(token);
  expect(at.endpoint.seen.some((one) => textOf(one).includes('use [REDACTED'))).toBe(true);
  expect(at.endpoint.seen.some((one) => textOf(one).includes(token))).toBe(false);
});
