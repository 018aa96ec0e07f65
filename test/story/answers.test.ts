/** Answers sent straight to the governor graph, past the runner and the server: late, doubled or of another shape. Nothing is released. */
import { Command, isUnknownInterruptError } from '@langchain/langgraph';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { governorGraph } from '../../graphs/governor.ts';
import { outsideSessions } from '../../runtime/drive/outside-sessions.ts';
import type { Operations } from '../../runtime/operations.ts';
import { openRuntime, type Runtime } from '../../runtime/runtime.ts';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World;
let operations: Operations;
let runtime: Runtime;
let thread: string;

beforeEach(async () => {
  world = makeWorld({ config: { plan: { approval: 'always' } } });
  operations = await world.open();
  runtime = await openRuntime({ home: world.home, env: { PATH: process.env['PATH'] ?? '' } });
  const waiting = await start(world, operations);
  expect(waiting).toMatchObject({ status: 'waiting', waiting: { gate: 'plan' } });
  thread = waiting.thread_id;
});
afterEach(async () => {
  runtime.stores.close();
  await operations.close();
  world.dispose();
});

const governor = async () => governorGraph(outsideSessions(async () => runtime)).compile({ checkpointer: await runtime.stores.saver() });
const config = (strict = false) => ({
  configurable: { thread_id: thread, ...(strict ? { __pregel_strict_resume: true } : {}) },
  durability: 'sync' as const,
});
const answer = async (id: string, value: unknown, strict = false) =>
  (await governor()).invoke(new Command({ resume: { [id]: value } }), config(strict));

/** What waits, by its node and its id. */
async function asked(): Promise<{ node: string | undefined; id: string; schema: unknown }> {
  const { next, tasks } = await (await governor()).getState(config());
  const [question] = tasks.flatMap((task) => task.interrupts ?? []);
  return { node: next[0], id: question?.id ?? '', schema: (question as { response_schema?: unknown } | undefined)?.response_schema };
}

const main = (): string => world.git('rev-list', '--count', 'main');

describe('an answer that is sent again', () => {
  test('by the id of the plan gate does not answer the release gate, neither by itself nor through the runner', async () => {
    const plan = await asked();
    const record = (await operations.gate(thread))?.row.id ?? '';
    expect(await approve(operations, thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
    const release = await asked();
    expect(release).toMatchObject({ node: 'approve_release', id: expect.not.stringMatching(plan.id) });

    await expect(answer(plan.id, { approval_id: record }, true)).rejects.toSatisfy(isUnknownInterruptError);
    await answer(plan.id, { approval_id: record });
    expect(await asked()).toMatchObject({ node: release.node, id: release.id });
    expect(await operations.resume(thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
    expect(await asked()).toMatchObject({ node: release.node, id: release.id });
    expect((await operations.gate(thread))?.row).toMatchObject({ gate: 'release', status: 'pending', votes: [] });
    expect(main()).toBe('1');

    expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
    await answer(release.id, { approval_id: record });
    expect(await operations.result(thread)).toMatchObject({ status: 'released' });
  });
});

describe('an answer of another shape', () => {
  const SHAPES: readonly [unknown][] = [
    [true],
    ['approved'],
    [[{ type: 'accept' }]],
    [{ decision: 'approved' }],
    [{ approval_id: 7 }],
    [{ approval_id: 'a', decision: 'approved' }],
  ];

  test.each(SHAPES)('%j is refused, the question stays as it is, and nothing is released', async (value) => {
    expect(await approve(operations, thread)).toMatchObject({ status: 'waiting', waiting: { gate: 'release' } });
    const before = await asked();
    await expect(answer(before.id, value)).rejects.toMatchObject({
      name: expect.stringMatching(/ZodError/),
      message: expect.stringContaining('a gate is resumed with'),
    });
    expect(await asked()).toMatchObject({ node: before.node, id: before.id });
    expect((await operations.gate(thread))?.row).toMatchObject({ status: 'pending', votes: [] });
    expect(main()).toBe('1');
    expect(await approve(operations, thread)).toMatchObject({ status: 'released' });
  });

  test('the right shape without a recorded decision makes the gate ask again', async () => {
    const before = await asked();
    await answer(before.id, { approval_id: 'forged' });
    expect(await asked()).toMatchObject({ node: 'approve_plan', id: expect.not.stringMatching(before.id) });
    expect((await operations.gate(thread))?.row).toMatchObject({ gate: 'plan', status: 'pending', votes: [] });
  });
});

test('under the runner a gate tells clients what decides, elsewhere what the graph takes', async () => {
  const plan = await asked();
  expect(plan.schema).toMatchObject({ type: 'object', required: ['decision'], properties: { decision: {}, edit: {} } });
  await answer(plan.id, { approval_id: 'none' });
  expect((await asked()).schema).toMatchObject({ required: ['approval_id'], properties: { approval_id: { type: 'string' } } });
});
