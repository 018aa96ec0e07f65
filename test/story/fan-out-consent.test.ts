/** `limits.delegateFreely`: a fan-out above it is a person's to allow before any sub-agent starts; below it nobody is asked. */
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { approve, critic, makeWorld, planReply, type Reply, reject, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
let operations: Operations | undefined;
afterEach(async () => {
  await operations?.close();
  world?.dispose();
  operations = undefined;
});

const tasks = (...names: readonly string[]) => names.map((name) => ({ title: name, goal: `make ${name}`, paths: [`src/${name}.js`] }));
const delegate = (call: number, ...names: readonly string[]): Reply => tool('lead', 1, call, 'delegate', { tasks: tasks(...names) });
const writes = (agent: string, name: string): Reply[] =>
  [
    tool('worker', 1, 1, 'write_file', { path: `src/${name}.js`, content: `export const ${name} = 1;\n` }),
    tool('worker', 1, 2, 'submit_work', { status: 'done', summary: name }),
  ].map((reply) => ({ ...reply, agent }));
const THREE: readonly Reply[] = [
  delegate(1, 'a', 'b', 'c'),
  ...writes('w1.1', 'a'),
  ...writes('w1.2', 'b'),
  ...writes('w1.3', 'c'),
  submit(1, 2),
];

async function play(replies: readonly Reply[], limits: object) {
  world = makeWorld({ replies: [planReply(), ...replies, critic(1)], config: { limits: { maxOutputTokens: 1024, ...limits } } });
  operations = await world.open();
  const result = await start(world, operations);
  const actions = async (action: string) =>
    ((await operations?.audit(result.thread_id)) ?? []).filter((record) => record.action === action);
  return { world, operations, result, thread: result.thread_id, actions };
}

test('above it the run waits with the estimate before any sub-agent starts; approved without money, the same fan-out runs', async () => {
  const at = await play(THREE, { delegateFreely: { agents: 2 } });
  expect(at.result).toMatchObject({
    status: 'waiting',
    waiting: { gate: 'budget', required_role: 'operator', fan_out: true },
    spend: { agents: 0, model_calls: 2 },
  });
  const gate = await at.operations.gate(at.thread);
  expect(gate?.row.shown).toMatchObject({
    message: expect.stringContaining('3 sub-agent(s) that may cost $3 at worst are above limits.delegateFreely.agents, which is 2'),
    spent_micro_usd: expect.any(Number),
    limit_micro_usd: 5_000_000,
    fan_out: { agents: 3, worst_case_micro_usd: 3_000_000, titles: ['a', 'b', 'c'] },
  });
  expect(await at.actions('agent-start')).toEqual([]);
  expect(await at.operations.resume(at.thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'budget' }, spend: { agents: 0 } });
  const waiting = await approve(at.operations, at.thread);
  expect(waiting).toMatchObject({
    status: 'waiting',
    waiting: { gate: 'release' },
    spend: { agents: 3 },
    limits: { cost_micro_usd: 5_000_000 },
  });
  expect((await at.actions('approval-request')).filter(({ facts }) => facts?.['gate'] === 'budget')).toHaveLength(1);
  expect(await approve(at.operations, at.thread)).toMatchObject({ status: 'released' });
});

test('below it, and without it, nobody is asked', async () => {
  const free = await play(THREE, { delegateFreely: { agents: 3, usd: 3 } });
  expect(free.result).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, spend: { agents: 3 } });
  await free.operations.close();
  free.world.dispose();
  const off = await play(THREE, {});
  expect(off.result).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, spend: { agents: 3 } });
});

test('what may cost more at worst is asked about too, also where a limit that is used up stops the run', async () => {
  const at = await play(THREE, { delegateFreely: { usd: 2.5 }, onExhausted: 'stop' });
  expect((await at.operations.gate(at.thread))?.row.shown['message']).toContain('above limits.delegateFreely.usd, which is $2.5');
  expect(at.result).toMatchObject({ status: 'waiting', waiting: { gate: 'budget' }, spend: { agents: 0 } });
});

test('refused with words: the lead reads them and goes on alone, and does not ask again', async () => {
  const at = await play(
    [delegate(1, 'a', 'b', 'c'), delegate(2, 'a', 'b', 'c', 'd'), write(1, 3, 'src/a.js', 'export const a = 1;\n'), submit(1, 4)],
    { delegateFreely: { agents: 2 } },
  );
  const waiting = await reject(at.operations, at.thread, 'one module is enough');
  expect(waiting).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, spend: { agents: 0 }, reason: null });
  const refused = await at.actions('tool-refused');
  expect(refused.map(({ code, facts }) => `${code} ${String(facts?.['tool'])}`)).toEqual([
    'BUDGET_REFUSED delegate',
    'BUDGET_REFUSED delegate',
  ]);
  expect((await at.actions('approval-request')).filter(({ facts }) => facts?.['gate'] === 'budget')).toHaveLength(1);
});

test('more money with the consent widens the run and not the fan-out; a free one behind it needs none', async () => {
  const at = await play([...THREE.slice(0, -1), delegate(2, 'd'), ...writes('w2.1', 'd'), submit(1, 3)], {
    delegateFreely: { agents: 2 },
    costUsd: 1,
  });
  const shown = (await at.operations.gate(at.thread))?.row.shown['fan_out'] as { worst_case_micro_usd: number }; // asserted below
  expect(shown.worst_case_micro_usd).toBeLessThan(1_000_000);
  const waiting = await approve(at.operations, at.thread, { addMicroUsd: 4_000_000 });
  expect(waiting).toMatchObject({
    status: 'waiting',
    waiting: { gate: 'release' },
    spend: { agents: 4 },
    limits: { cost_micro_usd: 5_000_000 },
  });
  expect((await at.actions('approval-request')).filter(({ facts }) => facts?.['gate'] === 'budget')).toHaveLength(1);
});

test('a sub-agent cannot ask a person: its own fan-out above the limit is refused, one within it is not', async () => {
  const below = (call: number, ...names: readonly string[]): Reply => ({
    ...tool('worker', 1, call, 'delegate', { tasks: names.map((name) => ({ title: name, goal: name, paths: [`src/${name}.js`] })) }),
    agent: 'w1.1',
  });
  const at = await play(
    [
      tool('lead', 1, 1, 'delegate', { tasks: [{ title: 'top', goal: 'top' }] }),
      below(1, 'a', 'b'),
      below(2, 'a'),
      ...writes('w1.1.2.1', 'a'),
      { ...tool('worker', 1, 3, 'submit_work', { status: 'done', summary: 'a' }), agent: 'w1.1' },
      submit(1, 2),
    ],
    { delegateFreely: { agents: 2 }, depth: 2 },
  );
  expect(at.result).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, spend: { agents: 2 } });
  expect((await at.actions('tool-refused')).map(({ actor, code }) => `${actor} ${code}`)).toEqual(['agent:w1.1 BUDGET_REFUSED']);
});

const ONE_BY_ONE: readonly Reply[] = [
  ...['a', 'b', 'c'].flatMap((name, index) => [delegate(index + 1, name), ...writes(`w${index + 1}.1`, name)]),
  submit(1, 4),
];

test('many small fan-outs are one large one: the first that passes the limit of the run asks, with what was started before', async () => {
  const at = await play(ONE_BY_ONE, { delegateFreely: { agents: 2 } });
  expect(at.result).toMatchObject({ status: 'waiting', waiting: { gate: 'budget', fan_out: true }, spend: { agents: 2 } });
  expect((await at.operations.gate(at.thread))?.row.shown).toMatchObject({
    message: expect.stringMatching(
      /1 sub-agent\(s\) that may cost \$1 at worst, beside 2 that were started freely in this run and cost \$0\.\d+, are above limits\.delegateFreely\.agents, which is 2/,
    ),
    fan_out: { agents: 1, titles: ['c'] },
  });
  expect(await approve(at.operations, at.thread)).toMatchObject({ waiting: { gate: 'release' }, spend: { agents: 3 } });
});

test('as many in as small fan-outs need no word where the limit of the run takes them', async () => {
  const at = await play(ONE_BY_ONE, { delegateFreely: { agents: 3, usd: 1.5 } });
  expect(at.result).toMatchObject({ status: 'waiting', waiting: { gate: 'release' }, spend: { agents: 3 } });
});

test('what those before have cost counts with what the next may cost', async () => {
  const at = await play(ONE_BY_ONE, { delegateFreely: { usd: 1.000001 } });
  expect(at.result).toMatchObject({ status: 'waiting', waiting: { gate: 'budget', fan_out: true }, spend: { agents: 1 } });
  expect((await at.operations.gate(at.thread))?.row.shown['message']).toMatch(
    /beside 1 .* above limits\.delegateFreely\.usd, which is \$1\.000001/,
  );
});

test('cancelled at the question, it is asked again, and nothing has run', async () => {
  const at = await play(THREE, { delegateFreely: { agents: 2 } });
  await at.operations.cancel(at.thread);
  expect(await at.operations.resume(at.thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'budget' }, spend: { agents: 0 } });
  expect(await approve(at.operations, at.thread)).toMatchObject({ waiting: { gate: 'release' }, spend: { agents: 3 } });
});

test.each<[object, string]>([
  [{}, 'must name agents, usd or both'],
  [{ agents: -1 }, 'must be 0 or more'],
  [{ usd: 0 }, 'usd: 0 must be above 0'],
  [{ people: 1 }, 'people'],
])('delegateFreely %j is an error that says what is wrong', async (delegateFreely, words) => {
  world = makeWorld({ config: { limits: { delegateFreely } } });
  operations = await world.open();
  await expect(start(world, operations)).rejects.toThrow(words);
});
