/** Sub-agents of sub-agents: within the slice of who delegated them, at every level, and merged upwards. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { approve, critic, makeWorld, planReply, type Reply, start, submit, tool, type World } from './world.ts';

let world: World | undefined;
let operations: Operations | undefined;
afterEach(async () => {
  await operations?.close();
  world?.dispose();
  operations = undefined;
});

interface Task {
  readonly title: string;
  readonly goal: string;
  readonly paths?: readonly string[];
  readonly cost_share?: number;
}
const task = (name: string, paths?: readonly string[], more: Partial<Task> = {}): Task => ({
  title: name,
  goal: `make ${name}`,
  ...(paths === undefined ? {} : { paths }),
  ...more,
});
const delegate = (agent: string, call: number, tasks: readonly Task[]): Reply => ({
  ...tool(agent === 'lead' ? 'lead' : 'worker', 1, call, 'delegate', { tasks }),
  agent,
});
const says = (agent: string, call: number, name: string, input: unknown): Reply => ({ ...tool('worker', 1, call, name, input), agent });
const done = (agent: string, call: number): Reply => says(agent, call, 'submit_work', { status: 'done', summary: agent });
const writes = (agent: string, path: string): Reply[] => [
  says(agent, 1, 'write_file', { path, content: `export const made = '${agent}';\n` }),
  done(agent, 2),
];

async function play(replies: readonly Reply[], limits: object = {}, config: object = {}) {
  world = makeWorld({
    replies: [planReply(), ...replies, critic(1)],
    config: { limits: { maxOutputTokens: 1024, depth: 3, ...limits }, ...config },
  });
  operations = await world.open();
  const result = await start(world, operations);
  const thread = result.thread_id;
  const records = await operations.audit(thread);
  const part = (id: string) => (world as World).dossier(thread, `parts/1/${id}.json`) as { body: Part } | undefined; // our own file
  return { world, operations, result, thread, records, part };
}

interface Part {
  readonly status: string;
  readonly code?: string;
  readonly summary: string;
  readonly base: string;
  readonly cost_micro_usd: number;
  readonly parts?: readonly { readonly id: string }[];
  readonly changes: readonly { readonly path: string }[];
}

const THREE_LEVELS: readonly Reply[] = [
  delegate('lead', 1, [task('top', ['src/**']), task('side', ['test/side.test.js'])]),
  ...writes('w1.2', 'test/side.test.js'),
  says('w1.1', 1, 'write_file', { path: 'src/top.js', content: 'export const top = 1;\n' }),
  delegate('w1.1', 2, [task('left', ['src/left/**']), task('right', ['src/right/**'])]),
  ...writes('w1.1.2.2', 'src/right/a.js'),
  says('w1.1.2.1', 1, 'read_file', { path: 'src/top.js' }),
  delegate('w1.1.2.1', 2, [task('deep', ['src/left/deep.js'])]),
  ...writes('w1.1.2.1.2.1', 'src/left/deep.js'),
  done('w1.1.2.1', 3),
  says('w1.1', 3, 'read_file', { path: 'src/left/deep.js' }),
  done('w1.1', 4),
  submit(1, 2),
];

describe.each([1, 2])('three levels, %d at once', (concurrency) => {
  test('each has its files as its parent left them, and they are merged upwards and released', async () => {
    const at = await play(THREE_LEVELS, { concurrency });
    expect(at.result).toMatchObject({ status: 'waiting', reason: null, spend: { agents: 5 } });
    const build = at.world.dossier(at.thread, '20-build.1.json') as {
      body: { agents: { id: string; cost_micro_usd: number; part: string }[]; changes: { path: string }[] };
    };
    expect(build.body.agents.map(({ id }) => id)).toEqual(['lead', 'w1.1', 'w1.1.2.1', 'w1.1.2.1.2.1', 'w1.1.2.2', 'w1.2']);
    expect(build.body.agents.map(({ part }) => part)).toContain('parts/1/w1.1.2.1.2.1.json');
    expect(build.body.changes.map(({ path }) => path)).toEqual(['src/left/deep.js', 'src/right/a.js', 'src/top.js', 'test/side.test.js']);
    // Each one's own calls: together they are what the build cost.
    const lines = at.records.filter(({ action, stage }) => action === 'model-answer' && stage === 'build');
    const paid = lines.reduce((sum, { facts }) => sum + Number(facts?.['costMicroUsd']), 0);
    expect(build.body.agents.reduce((sum, one) => sum + one.cost_micro_usd, 0)).toBe(paid);
    expect(at.part('w1.1')?.body.parts?.map(({ id }) => id)).toEqual(['w1.1.2.1', 'w1.1.2.2']);
    expect(
      at.records
        .filter(({ action }) => action === 'agent-start')
        .map(({ actor, facts }) => `${actor} ${String(facts?.['agent'])}`)
        .toSorted(),
    ).toEqual(['agent:lead w1.1', 'agent:lead w1.2', 'agent:w1.1 w1.1.2.1', 'agent:w1.1 w1.1.2.2', 'agent:w1.1.2.1 w1.1.2.1.2.1']);
    expect(await approve(at.operations, at.thread)).toMatchObject({ status: 'released' });
    expect(at.world.read('src/left/deep.js')).toContain("'w1.1.2.1.2.1'");
  });
});

test.each<[number, string]>([
  [1, 'w1.1'],
  [2, 'w1.1.1.1'],
  [3, 'w1.1.1.1.1.1'],
])('at limits.depth %d, %s may go no deeper: it is told, and goes on by itself', async (depth, last) => {
  const chain = ['lead', 'w1.1', 'w1.1.1.1', 'w1.1.1.1.1.1'].slice(0, depth);
  const at = await play(
    [
      ...chain.map((agent) => delegate(agent, 1, [task('deeper', ['src/deep.js'])])),
      delegate(last, 1, [task('too deep', ['src/deep.js'])]),
      says(last, 2, 'write_file', { path: 'src/deep.js', content: 'export {};\n' }),
      done(last, 3),
      ...chain.slice(1).map((agent) => done(agent, 2)),
      submit(1, 2),
    ],
    { depth },
  );
  expect(at.result).toMatchObject({ status: 'waiting', reason: null, spend: { agents: depth } });
  const refused = at.records.filter(({ action }) => action === 'tool-refused');
  expect(refused.map(({ actor, code }) => `${actor} ${code}`)).toEqual([`agent:${last} DEPTH_EXCEEDED`]);
});

test('a task below may write inside the paths of the task above alone; one without paths inherits them', async () => {
  const at = await play([
    delegate('lead', 1, [task('top', ['src/a/**'])]),
    delegate('w1.1', 1, [task('elsewhere', ['src/b.js'])]),
    delegate('w1.1', 2, [task('inherits')]),
    says('w1.1.2.1', 1, 'write_file', { path: 'src/b.js', content: 'stolen\n' }),
    says('w1.1.2.1', 2, 'write_file', { path: 'src/a/b.js', content: 'export {};\n' }),
    done('w1.1.2.1', 3),
    delegate('w1.1', 3, [task('around', ['src/a/*.js'])]),
    says('w1.1.3.1', 1, 'run_command', { argv: ['sh', '-c', 'echo stolen > src/sum.js'] }),
    done('w1.1.3.1', 2),
    done('w1.1', 4),
    submit(1, 2),
  ]);
  expect(at.result).toMatchObject({ status: 'waiting', reason: null });
  const refused = at.records.filter(({ action }) => action === 'tool-refused');
  expect(refused.map(({ actor, code, facts }) => `${actor} ${String(facts?.['tool'])} ${code}`)).toEqual([
    'agent:w1.1 delegate OUT_OF_SCOPE',
    'agent:w1.1.2.1 write_file OUT_OF_SCOPE',
  ]);
  expect(at.part('w1.1.2.1')?.body.status).toBe('done');
  expect(at.part('w1.1.3.1')?.body).toMatchObject({ status: 'failed', code: 'OUT_OF_SCOPE' });
  expect(at.part('w1.1')?.body.changes.map(({ path }) => path)).toEqual(['src/a/b.js']);
});

test('steps of sub-agents are steps of who delegated them, who keeps enough to hand over', async () => {
  const idle = (agent: string): Reply[] =>
    Array.from({ length: 8 }, (_none, index) => says(agent, index + 1, 'write_file', { path: `src/${agent}.js`, content: `${index}\n` }));
  const at = await play(
    [
      delegate('lead', 1, [task('top')]),
      delegate('w1.1', 1, [task('one'), task('two')]),
      ...idle('w1.1.1.1'),
      ...idle('w1.1.1.2'),
      says('w1.1', 2, 'write_file', { path: 'src/top.js', content: 'export {};\n' }),
      done('w1.1', 3),
      submit(1, 2),
    ],
    { stepsPerAgent: 10 },
  );
  // Nine steps are left when it delegates: three for each of them, three for itself.
  for (const id of ['w1.1.1.1', 'w1.1.1.2']) expect(at.part(id)?.body).toMatchObject({ status: 'limit', code: 'STEP_LIMIT', steps: 3 });
  expect(at.part('w1.1')?.body).toMatchObject({ status: 'done', steps: 3 });
  expect(at.result).toMatchObject({ status: 'waiting', reason: null });
});

test('money of sub-agents is money of who delegated them: no account above is passed', async () => {
  const usage = { input: 10_000, output: 1000 };
  const at = await play(
    [
      delegate('lead', 1, [task('top', undefined, { cost_share: 0.5 })]),
      { ...delegate('w1.1', 1, [task('one', undefined, { cost_share: 1 }), task('two', undefined)].slice(0, 1)), usage },
      ...Array.from({ length: 40 }, (_none, index) => ({
        ...says('w1.1.1.1', index + 1, 'write_file', { path: 'src/one.js', content: `${index}\n` }),
        usage,
      })),
      done('w1.1', 2),
      submit(1, 2),
    ],
    { costUsd: 0.5, costPerAgentUsd: 0.5, leanAt: 1 },
  );
  expect(at.part('w1.1.1.1')?.body).toMatchObject({ status: 'limit', code: 'BUDGET_EXHAUSTED' });
  const own = at.part('w1.1')?.body.cost_micro_usd ?? 0;
  const below = at.part('w1.1.1.1')?.body.cost_micro_usd ?? 0;
  expect(below).toBeGreaterThan(100_000);
  expect(own + below).toBeLessThanOrEqual(250_000);
});

test('sub-agents of all levels count against limits.agents', async () => {
  const at = await play(
    [
      delegate('lead', 1, [task('top')]),
      delegate('w1.1', 1, [task('one', ['src/one.js']), task('two', ['src/two.js'])]),
      delegate('w1.1', 2, [task('one', ['src/one.js'])]),
      ...writes('w1.1.2.1', 'src/one.js'),
      done('w1.1', 3),
      submit(1, 2),
    ],
    { agents: 2 },
  );
  expect(at.result).toMatchObject({ status: 'waiting', reason: null, spend: { agents: 2 } });
  const refused = at.records.filter(({ action }) => action === 'tool-refused');
  expect(refused.map(({ actor, code }) => `${actor} ${code}`)).toEqual(['agent:w1.1 AGENT_LIMIT']);
});

test('a sub-agent without `delegate` among its lead’s tools has no sub-agents, and what fails below is a value', async () => {
  const at = await play([
    delegate('lead', 1, [task('top')]),
    delegate('w1.1', 1, [task('good', ['src/good.js']), task('blocked', ['src/blocked.js'])]),
    ...writes('w1.1.1.1', 'src/good.js'),
    says('w1.1.1.2', 1, 'submit_work', { status: 'blocked', summary: 'the interface is not there' }),
    done('w1.1', 2),
    submit(1, 2),
  ]);
  expect(at.result).toMatchObject({ status: 'waiting', reason: null });
  expect(at.part('w1.1.1.2')?.body.status).toBe('blocked');
  expect(at.part('w1.1')?.body.changes.map(({ path }) => path)).toEqual(['src/good.js']);
  await operations?.close();
  world?.dispose();
  const narrowed = await play(
    [
      delegate('lead', 1, [task('top')]),
      delegate('w1.1', 1, [task('below')]),
      says('w1.1', 2, 'write_file', { path: 'src/top.js', content: 'export {};\n' }),
      done('w1.1', 3),
      submit(1, 2),
    ],
    {},
    { tools: { worker: ['read_file', 'write_file'] } },
  );
  const refused = narrowed.records.filter(({ action }) => action === 'tool-refused');
  expect(refused.map(({ actor, code }) => `${actor} ${code}`)).toEqual(['agent:w1.1 CONTRACT_VIOLATION']);
});

describe.each([1, 2])('two parents with two sub-agents each, %d at once', (concurrency) => {
  test('never more of them ask at the same time, also while their parents wait for them', async () => {
    const slow = (replies: readonly Reply[]): Reply[] => replies.map((reply) => ({ ...reply, delayMs: 60 }));
    const below = (parent: string): Reply[] =>
      slow([
        delegate(parent, 1, [task('one', [`src/${parent}/one.js`]), task('two', [`src/${parent}/two.js`])]),
        ...writes(`${parent}.1.1`, `src/${parent}/one.js`),
        ...writes(`${parent}.1.2`, `src/${parent}/two.js`),
        done(parent, 2),
      ]);
    const at = await play(
      [
        delegate('lead', 1, [task('left', ['src/w1.1/**']), task('right', ['src/w1.2/**'])]),
        ...below('w1.1'),
        ...below('w1.2'),
        submit(1, 2),
      ],
      { concurrency },
    );
    expect(at.result).toMatchObject({ status: 'waiting', reason: null, spend: { agents: 6 } });
    let open = 0;
    let most = 0;
    for (const record of at.records.filter((one) => one.facts?.['role'] === 'worker')) {
      if (record.action === 'model-call') open += 1;
      if (record.action === 'model-answer') open -= 1;
      most = Math.max(most, open);
    }
    expect(most).toBe(concurrency);
  });
});
