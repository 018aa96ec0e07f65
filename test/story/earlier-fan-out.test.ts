/**
 * Threads that an earlier version left in the middle of a fan-out. There a sub-agent was a loop inside of its node and had no
 * checkpoints: its journal and the part files are what it goes on from.
 */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import type { StreamChunk } from '../../runtime/options.ts';
import { approve, critic, makeWorld, planReply, type Reply, submit, tool, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const says = (agent: string, call: number, name: string, input: unknown): Reply => ({ ...tool('worker', 1, call, name, input), agent });
const task = (title: string) => ({ title, goal: `make ${title}`, paths: [`src/${title}.js`] });
const writes = (agent: string, title: string, from = 1): Reply[] => [
  says(agent, from, 'write_file', { path: `src/${title}.js`, content: `export const made = '${agent}';\n` }),
  says(agent, from + 1, 'submit_work', { status: 'done', summary: title }),
];

const WIDE: readonly Reply[] = [
  planReply(),
  tool('lead', 1, 1, 'delegate', { tasks: ['a', 'b', 'c'].map(task) }),
  ...['a', 'b', 'c'].flatMap((title, index) => writes(`w1.${index + 1}`, title)),
  submit(1, 2),
  critic(1),
];

const DEEP: readonly Reply[] = [
  planReply(),
  tool('lead', 1, 1, 'delegate', { tasks: [{ title: 'top', goal: 'make the top' }] }),
  says('w1.1', 1, 'delegate', { tasks: ['a', 'b'].map(task) }),
  ...writes('w1.1.1.1', 'a'),
  ...writes('w1.1.1.2', 'b'),
  ...writes('w1.1', 'c', 2),
  submit(1, 2),
  critic(1),
];

/** Takes the checkpoints of every sub-agent's own graph away; how many there were. */
function forget(of: World): number {
  const database = new Sqlite(join(of.home, 'governor.sqlite'));
  const forgotten = ['writes', 'checkpoints'].map(
    (table) => database.prepare(`DELETE FROM ${table} WHERE checkpoint_ns LIKE '%worker:%'`).run().changes,
  );
  database.close();
  return forgotten.reduce((sum, count) => sum + count, 0);
}

const COUNTED = ['model-answer', 'agent-start', 'parts-merged'];

/** Stopped when `at` says so, taken up without the checkpoints, and released; what was asked, started and merged. */
async function interrupted(replies: readonly Reply[], at: (chunk: StreamChunk) => boolean) {
  world = makeWorld({ replies, config: { limits: { maxOutputTokens: 1024, depth: 2, concurrency: 1 } } });
  let operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add files', repo: world.repo, scriptFile: world.script });
  const drain = new AbortController();
  const onChunk = async (chunk: StreamChunk): Promise<void> => {
    if (at(chunk)) drain.abort();
  };
  const cut = await operations.drive(threadId, { drain: drain.signal, stream: { modes: ['updates'], subgraphs: true, onChunk } });
  expect(cut.status).toBe('cancelled');
  const parts = (await operations.files(threadId)).filter(({ path }) => path.startsWith('parts/')).map(({ path }) => path);
  await operations.close();
  expect(forget(world)).toBeGreaterThan(0);
  operations = await world.open();
  expect(await operations.resume(threadId)).toMatchObject({ status: 'waiting', reason: null });
  expect(await approve(operations, threadId)).toMatchObject({ status: 'released' });
  const records = (await operations.audit(threadId)).filter(({ action }) => COUNTED.includes(action));
  await operations.close();
  const told = records.map(({ action, actor, facts }) => `${action} ${action === 'agent-start' ? String(facts?.['agent']) : actor}`);
  const count = (prefix: string): number => told.filter((one) => one.startsWith(prefix)).length;
  return { world, parts, count };
}

const of =
  (name: string, depth: number) =>
  ([namespace, , data]: StreamChunk): boolean =>
    namespace.length === depth && name in (data as object); // an update is keyed by its node

test('one part is there, one sub-agent is at work, one has not begun: each is asked once, and all is merged', async () => {
  let worked = 0;
  const end = await interrupted(WIDE, (chunk) => {
    if (of('worker_tools', 2)(chunk)) worked += 1;
    return worked === 3;
  });
  expect(end.parts).toEqual(['parts/1/w1.1.json']);
  for (const agent of ['w1.1', 'w1.2', 'w1.3']) {
    expect(end.count(`model-answer agent:${agent}`)).toBe(2);
    expect(end.count(`agent-start ${agent}`)).toBe(1);
  }
  expect(end.count('model-answer')).toBe(10);
  expect(end.count('parts-merged')).toBe(1);
  expect(end.world.read('src/b.js')).toContain("'w1.2'");
});

test('a sub-agent waits for its own, of which one part is there: the parent goes on from its journal', async () => {
  const end = await interrupted(DEEP, of('sub_agent_2', 2));
  expect(end.parts).toEqual(['parts/1/w1.1.1.1.json']);
  for (const agent of ['w1.1.1.1', 'w1.1.1.2']) expect(end.count(`model-answer agent:${agent}`)).toBe(2);
  expect(end.count('model-answer agent:w1.1')).toBe(7);
  expect(end.count('agent-start')).toBe(3);
  expect(end.count('parts-merged')).toBe(2);
  expect(end.world.read('src/b.js')).toContain("'w1.1.1.2'");
});
