/** Sub-agents at every depth as a server streams, shows and drains them: each is a graph of its own, under a namespace of its own. */
import type { StateSnapshot } from '@langchain/langgraph';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StreamChunk } from '../../../runtime/options.ts';
import { createThread } from '../../../runtime/start/create.ts';
import { breakGlass } from '../../../server/governed/break-glass.ts';
import { editGoverned } from '../../../server/governed/edit.ts';
import { latestState } from '../../../server/governed/graph.ts';
import { runGoverned } from '../../../server/governed/run.ts';
import { critic, makeWorld, planReply, type Reply, submit, tool, type World } from '../../story/world.ts';
import { callerOf, type GovernedServer, governedServer, servedRun } from './governed-server.ts';

const task = (title: string, path: string) => ({ title, goal: `make ${title}`, paths: [path] });

/** Two sub-agents of the lead; the first has one, which has one too. */
function repliesOf(attempt: number): Reply[] {
  const says = (agent: string, call: number, name: string, input: unknown): Reply => ({
    ...tool('worker', attempt, call, name, input),
    agent,
  });
  const done = (agent: string, call: number): Reply => says(agent, call, 'submit_work', { status: 'done', summary: agent });
  return [
    tool('lead', attempt, 1, 'delegate', { tasks: [task('top', 'src/top/**'), task('side', 'src/side.js')] }),
    says('w1.1', 1, 'delegate', { tasks: [task('middle', 'src/top/**')] }),
    says('w1.1.1.1', 1, 'delegate', { tasks: [task('deep', 'src/top/deep.js')] }),
    says('w1.1.1.1.1.1', 1, 'write_file', { path: 'src/top/deep.js', content: `export const deep = ${attempt};\n` }),
    done('w1.1.1.1.1.1', 2),
    done('w1.1.1.1', 2),
    done('w1.1', 2),
    says('w1.2', 1, 'write_file', { path: 'src/side.js', content: 'export const side = 1;\n' }),
    done('w1.2', 2),
    submit(attempt, 2),
    critic(attempt),
  ];
}
const DEEPEST = 'w1.1.1.1.1.1';

let world: World;
let server: GovernedServer;
let threadId: string;

beforeEach(async () => {
  world = makeWorld({
    replies: [planReply(), ...repliesOf(1), ...repliesOf(2)],
    config: { limits: { maxOutputTokens: 1024, depth: 3, concurrency: 2, agents: 20 } },
  });
  server = await governedServer(world);
  threadId = (await createThread(server.runtime, { goal: 'Add files', repo: world.repo, scriptFile: world.script })).threadId;
});
afterEach(() => {
  server.runtime.stores.close();
  world.dispose();
});

async function play(on: (chunk: StreamChunk, drain: AbortController) => void = () => undefined) {
  const drain = new AbortController();
  const chunks: StreamChunk[] = [];
  const end = await runGoverned(server, servedRun(threadId), {
    signal: new AbortController().signal,
    drain: drain.signal,
    modes: ['updates'],
    subgraphs: true,
    emit: async (chunk) => {
      chunks.push(chunk);
      on(chunk, drain);
    },
  });
  return { end, chunks };
}

/** The names of the nodes that a namespace leads through. */
const path = (namespace: readonly string[]): string => namespace.map((part) => part.split(':')[0]).join(' ');

/** The nodes that answered, in order, by the path of their namespace; each namespace apart. */
function stepsOf(chunks: readonly StreamChunk[]): Record<string, string[]> {
  const spaces = new Map<string, string[]>();
  for (const [namespace, , data] of chunks) {
    const steps = spaces.get(namespace.join('|')) ?? [];
    steps.push(...Object.keys(data as object)); // an update is keyed by its node
    spaces.set(namespace.join('|'), steps);
  }
  const found: Record<string, string[]> = {};
  for (const [space, steps] of spaces) {
    const way = path(space.split('|'));
    found[way] = [...(found[way] ?? []), steps.join(' ')].toSorted();
  }
  return found;
}

const calls = async (agent: string) =>
  (await server.runtime.stores.audit.read({ threadId })).filter(
    ({ action, actor }) => action === 'model-answer' && actor === `agent:${agent}`,
  ).length;

test('a stream with subgraphs tells every model call and every answer of tools, of each sub-agent under a namespace of its own', async () => {
  const { end, chunks } = await play();
  expect(end).toMatchObject({ status: 'interrupted', error: null });
  expect(stepsOf(chunks)).toMatchObject({
    'build worker': ['worker worker_tools sub_agent_2 merge worker worker_tools', 'worker worker_tools worker worker_tools'],
    'build worker sub_agent_2': ['worker worker_tools sub_agent_3 merge worker worker_tools'],
    'build worker sub_agent_2 sub_agent_3': ['worker worker_tools worker worker_tools'],
  });
});

/** The innermost state under a task, by the names of the nodes on the way. */
function inside(snapshot: StateSnapshot, ...way: readonly string[]): StateSnapshot[] {
  const [name, ...rest] = way;
  if (name === undefined) return [snapshot];
  return snapshot.tasks
    .filter((one) => one.name === name)
    .flatMap(({ state }) => (state !== undefined && 'tasks' in state ? inside(state, ...rest) : []));
}

test('a drain stops between two steps of a sub-agent; its own state is shown, and who comes next asks nothing again', async () => {
  const drained = await play(([namespace, , data], drain) => {
    if (path(namespace) === 'build worker sub_agent_2 sub_agent_3' && 'worker_tools' in (data as object)) drain.abort();
  });
  expect(drained.end).toMatchObject({ status: 'interrupted', drained: true });
  expect(await calls(DEEPEST)).toBe(1);
  const state = await (await server.graph()).getState({ configurable: { thread_id: threadId } }, { subgraphs: true });
  const [deepest] = inside(state, 'build', 'worker', 'sub_agent_2', 'sub_agent_3');
  expect(deepest?.next).toEqual(['worker']);
  expect(deepest?.values).toMatchObject({ attempt: 1, agent: { calls: 1, phase: 'model', tree: expect.any(String) }, stop: null });
  const [parent] = inside(state, 'build', 'worker', 'sub_agent_2');
  expect(parent?.values).toMatchObject({ agent: { calls: 1, phase: 'delegate', delegation: { tasks: 1 } } });

  const { end, chunks } = await play();
  expect(end).toMatchObject({ status: 'interrupted', error: null, drained: false });
  expect(stepsOf(chunks)).toMatchObject({
    'build worker sub_agent_2 sub_agent_3': ['worker worker_tools'],
    'build worker sub_agent_2': ['sub_agent_3 merge worker worker_tools'],
  });
  for (const [agent, made] of Object.entries({ 'w1.1': 2, 'w1.2': 2, 'w1.1.1.1': 2, [DEEPEST]: 2, lead: 2 }))
    expect(await calls(agent), agent).toBe(made);
  const build = world.dossier(threadId, '20-build.1.json') as { body: { agents: { id: string; steps: number }[] } }; // our own file
  expect(build.body.agents.map(({ id, steps }) => `${id} ${steps}`)).toEqual(['lead 2', 'w1.1 2', 'w1.1.1.1 2', `${DEEPEST} 2`, 'w1.2 2']);
});

test('after a fork to before the build all sub-agents are asked anew, and none goes on from a state of the earlier attempt', async () => {
  const drained = await play(([namespace, , data], drain) => {
    if (path(namespace) === 'build worker sub_agent_2' && 'worker_tools' in (data as object)) drain.abort();
  });
  expect(drained.end.drained).toBe(true);
  const [admin, second] = [callerOf('key:root', ['admin']), callerOf('key:second', ['admin'])];
  await breakGlass(server, second, threadId, { for: admin.person.id, reason: 'another try' });
  const before = (await latestState(server, threadId)).parentConfig?.configurable?.['checkpoint_id'];
  await editGoverned(server, admin, threadId, { values: { route: 'build' }, asNode: 'approve_plan', checkpointId: String(before) });

  const { end, chunks } = await play();
  expect(end).toMatchObject({ status: 'interrupted', error: null });
  const spaces = (of: readonly StreamChunk[]) => new Set(of.filter(([space]) => space.length > 1).map(([space]) => space.join('|')));
  const [old, fresh] = [spaces(drained.chunks), spaces(chunks)];
  expect(old.size).toBeGreaterThan(0);
  expect(fresh.size).toBe(4);
  expect([...fresh].filter((space) => old.has(space))).toEqual([]);
  expect(stepsOf(chunks)).toMatchObject({ 'build worker sub_agent_2 sub_agent_3': ['worker worker_tools worker worker_tools'] });
  const build = world.dossier(threadId, '20-build.2.json') as { body: { agents: { id: string; part: string }[] } }; // our own file
  expect(build.body.agents.map(({ part }) => part)).toContain(`parts/2/${DEEPEST}.json`);
});
