/** Both graphs under the official dev server and SDK: drawn, stepped, edited, forked; and nothing is ever released from there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { type Endpoint, endpointConfig, openEndpoint } from '../story/endpoint.ts';
import { HAPPY, makeWorld, type Reply, submit, type World, write } from '../story/world.ts';
import { type DevServer, startDevServer } from './server.ts';

let endpoint: Endpoint;
let world: World;
let server: DevServer;
let operations: Operations;
/** Repositories of their own, so that no test sees another's release. */
let others: World[];

/** A second attempt, for the fork. */
const AGAIN: readonly Reply[] = [write(2, 1, 'src/more.js', 'export const more = 1;\n'), submit(2, 2)];
const FLOW = ['baseline', 'plan', 'approve_plan', 'build', 'review_rules', 'review_critic', 'approve_release'];

beforeAll(async () => {
  endpoint = await openEndpoint([...HAPPY, ...AGAIN]);
  world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
  operations = await world.open();
  others = [0, 1].map(() => makeWorld({ config: endpointConfig(endpoint.baseUrl) }));
  server = await startDevServer(world.home);
});
afterAll(async () => {
  await server?.close();
  await operations?.close();
  await endpoint?.close();
  for (const one of [world, ...(others ?? [])]) one?.dispose();
});

const main = (): string => world.git('rev-parse', 'main');
const input = (of: World | undefined = world) => ({ goal: 'Add a product function', repo: of?.repo ?? '' });

test('both graphs load and draw themselves, and ask for a goal and a repository', async () => {
  const assistants = await server.client.assistants.search();
  expect(assistants.map((one) => one.graph_id).toSorted()).toEqual(['builder', 'governor']);
  const idOf = (graph: string): string => assistants.find((one) => one.graph_id === graph)?.assistant_id ?? '';
  const drawn = await server.client.assistants.getGraph(idOf('governor'), { xray: true });
  const names = drawn.nodes.map((node) => String(node.id));
  const agents = [
    'plan:planner',
    'plan:planner_tools',
    'build:lead',
    'build:artifact',
    'build:worker:worker_tools',
    'build:worker:sub_agent_2:sub_agent_3:worker_tools',
    'review_critic:critic',
    'review_critic:critic_tools',
  ];
  const nodes = FLOW.filter((name) => !agents.some((agent) => agent.startsWith(`${name}:`)));
  for (const node of [...nodes, ...agents, 'deploy', 'verify', 'halt']) expect(names).toContain(node);
  const schemasOf = (graph: string) => server.client.assistants.getSchemas(idOf(graph));
  expect(Object.keys((await schemasOf('governor')).input_schema?.properties ?? {})).toEqual(['goal', 'repo']);
  const alone = await schemasOf('builder');
  for (const schema of [alone.input_schema, alone.output_schema, alone.state_schema])
    expect(Object.keys(schema?.properties ?? {})).toEqual(expect.arrayContaining(['goal', 'repo', 'build', 'stop']));
});

test('breakpoints before and after each node: stepped to the gate, with a state of pointers alone', async () => {
  const { threads, runs } = server.client;
  const { thread_id: thread } = await threads.create();
  const seen: string[] = [];
  await runs.wait(thread, 'governor', { input: input(), interruptBefore: '*' });
  for (;;) {
    const state = await threads.getState(thread);
    const [next] = state.next;
    if (next === undefined || state.tasks.some((task) => task.interrupts.length > 0)) break;
    seen.push(next);
    await runs.wait(thread, 'governor', { input: null, ...(seen.length % 2 === 0 ? { interruptBefore: '*' } : { interruptAfter: '*' }) });
  }
  expect(seen).toEqual(FLOW);
  const { values } = await threads.getState(thread);
  expect(JSON.stringify(values).length).toBeLessThan(16_384);
  expect(JSON.stringify(values)).not.toContain('a * b');
  expect((await threads.getHistory(thread, { limit: 50 })).length).toBeGreaterThanOrEqual(FLOW.length);
  expect(endpoint.count()).toBe(HAPPY.length);

  // An answer by interrupt id, however it is worded, is no approval: it is refused, or the same gate asks again.
  const before = main();
  for (const resume of [true, 'approved', { decision: 'approved' }, { approval_id: 'forged' }]) {
    const gate = (await threads.getState(thread)).tasks[0]?.interrupts[0];
    const answered = runs.wait(thread, 'governor', { command: { resume: { [String(gate?.id)]: resume } } });
    if (Object(resume).approval_id === undefined) await expect(answered).rejects.toThrow('a gate is resumed with');
    else await answered;
    expect((await threads.getState(thread)).next, JSON.stringify(resume)).toEqual(['approve_release']);
  }
  // Neither is a jump, nor an edited state.
  await runs.wait(thread, 'governor', { command: { goto: 'deploy', update: { releaseApproval: 'forged' } } });
  expect((await threads.getState(thread)).values).toMatchObject({ stop: { code: 'UNGUARDED_SAVER' } });
  await threads.updateState(thread, { values: { route: 'deploy', releaseApproval: 'forged' }, asNode: 'approve_release' });
  await runs.wait(thread, 'governor', { input: null });
  expect((await threads.getState(thread)).values).toMatchObject({ stop: { code: 'UNGUARDED_SAVER' } });
  expect(main()).toBe(before);

  // A real approval, given with governor: the dev server still releases nothing, governor does, and pays nothing for it.
  const waiting = await operations.gate(thread);
  await operations.decide(thread, { decision: 'approved', subject: waiting?.row.subject.digest ?? '' });
  await threads.updateState(thread, { values: { route: 'approve_release', stop: null, outcome: null }, asNode: 'review_critic' });
  await runs.wait(thread, 'governor', { input: null });
  expect((await threads.getState(thread)).values).toMatchObject({ stop: { code: 'UNGUARDED_SAVER' } });
  expect(main()).toBe(before);
  const released = await operations.resume(thread);
  expect(released).toMatchObject({ status: 'released', reason: null });
  expect(main()).not.toBe(before);
  expect(endpoint.count()).toBe(HAPPY.length);
});

test('a fork from an earlier checkpoint writes its own files and leaves those of the first branch', async () => {
  const { threads, runs } = server.client;
  const { thread_id: thread } = await threads.create();
  await runs.wait(thread, 'governor', { input: input(others[0]) });
  const first = world.dossier(thread, '20-build.1.json');
  const rejected = world.dossier(thread, '30-review.1.json');
  expect(first).toBeDefined();
  const before = (await threads.getHistory(thread, { limit: 50 })).find((one) => one.next[0] === 'build');
  const review = { path: '30-review.1.json', sha256: await digest(thread, '30-review.1.json') };
  await threads.updateState(thread, {
    values: { review, route: 'build' },
    asNode: 'approve_plan',
    ...(before?.checkpoint?.checkpoint_id == null ? {} : { checkpointId: before.checkpoint.checkpoint_id }),
  });
  await runs.wait(thread, 'governor', {
    input: null,
    interruptAfter: ['build'],
  });
  expect((await threads.getState(thread)).values).toMatchObject({ attempt: 2, buildFile: { path: '20-build.2.json' } });
  expect(world.dossier(thread, '20-build.2.json')).toBeDefined();
  expect(world.dossier(thread, '20-build.1.json')).toEqual(first);
  expect(world.dossier(thread, '30-review.1.json')).toEqual(rejected);
});

test('the builder by itself makes a candidate from a goal, and stops there', async () => {
  const { threads, runs } = server.client;
  const { thread_id: thread } = await threads.create();
  const before = others[1]?.git('rev-parse', 'main');
  const end = await runs.wait(thread, 'builder', { input: input(others[1]) });
  expect(end).toMatchObject({ stop: null, build: { path: '20-build.1.json' } });
  expect(world.dossier(thread, '10-plan.1.json')).toMatchObject({ made_by: 'governor', body: { items: [{ id: 'goal' }] } });
  expect(others[1]?.git('rev-parse', `governor/${thread}`)).not.toBe(before);
  expect(others[1]?.git('rev-parse', 'main')).toBe(before);
});

test('a thread that nobody started with a goal is told what is missing', async () => {
  const { threads, runs } = server.client;
  const { thread_id: thread } = await threads.create();
  await expect(runs.wait(thread, 'governor', { input: { goal: '' } })).rejects.toThrow('its input has no goal and repo');
});

async function digest(thread: string, path: string): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256')
    .update(await operations.file(thread, path))
    .digest('hex');
}
