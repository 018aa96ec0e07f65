/** An answer reaches the question that it was given for, once: whatever runs follow, and whatever dies in between. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverable } from '../../../server/runs/answer.ts';
import type { Snapshot } from '../../../server/threads/views.ts';
import { until } from '../../until.ts';
import { SHAPES } from '../both.ts';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: SHAPES });
});
afterAll(() => server.stop());

type Output = { log: string[]; __interrupt__?: { id: string; value: string }[] };
const wait = async (threadId: string, graph: string, payload: object): Promise<Output> =>
  (await server.client.runs.wait(threadId, graph, payload)) as never; // the state of these graphs
const thread = async (): Promise<string> => (await server.client.threads.create()).thread_id;
const asked = async (threadId: string) => Object.values((await server.client.threads.get(threadId)).interrupts).flat();
const question = (value: string) => [expect.objectContaining({ value })];

describe('two questions in one node', () => {
  test('the second is not answered by the first one’s answer when the next run brings none', async () => {
    const threadId = await thread();
    expect((await wait(threadId, 'twice', { input: {} })).__interrupt__).toEqual(question('first?'));
    expect((await wait(threadId, 'twice', { command: { resume: 'A' } })).__interrupt__).toEqual(question('second?'));
    for (const _time of [1, 2]) expect((await wait(threadId, 'twice', { input: null })).__interrupt__).toEqual(question('second?'));
    expect(await wait(threadId, 'twice', { command: { resume: 'B' } })).toMatchObject({ log: ['first:"A"', 'second:"B"'] });
  });

  test('answered by its id, the same', async () => {
    const threadId = await thread();
    const first = (await wait(threadId, 'twice', { input: {} })).__interrupt__?.[0]?.id ?? '';
    await wait(threadId, 'twice', { command: { resume: { [first]: 'A' } } });
    expect((await wait(threadId, 'twice', { input: null })).__interrupt__).toEqual(question('second?'));
  });

  test('a question in a subgraph is answered, and a run without an answer asks it again', async () => {
    const threadId = await thread();
    for (const payload of [{ input: {} }, { input: null }])
      expect((await wait(threadId, 'deepAsk', payload)).__interrupt__).toEqual(question('deep?'));
    expect(await wait(threadId, 'deepAsk', { command: { resume: 1 } })).toMatchObject({ log: ['answer:1'] });
  });

  test.each([
    ['as it is', () => 'A'],
    ['by its id', (id: string) => ({ [id]: 'A' })],
  ])('a run that is begun again after a crash does not give its answer to the next question: %s', async (_name, resume) => {
    const threadId = await thread();
    const first = (await wait(threadId, 'twice', { input: {} })).__interrupt__?.[0]?.id ?? '';
    await wait(threadId, 'twice', { command: { resume: resume(first) } });
    const [run] = await server.client.runs.list(threadId);
    const rows = new Database(join(server.home, 'governor.sqlite'));
    // As if its process had died before it could write the end: the answer was taken, and the next question asked.
    rows
      .prepare("UPDATE thread_runs SET status = 'running', lease_until = 1, lease_pid = 1, output = NULL WHERE run_id = ?")
      .run(run?.run_id);
    rows.close();
    await until(async () => (await server.client.runs.get(threadId, run?.run_id ?? '')).status === 'success', 'the run');
    expect(await asked(threadId)).toEqual(question('second?'));
    expect(await wait(threadId, 'twice', { command: { resume: 'B' } })).toMatchObject({ log: ['first:"A"', 'second:"B"'] });
  });
});

describe('begun again', () => {
  const head = (tasks: Snapshot['tasks']): Snapshot => ({ values: {}, next: [], tasks, config: {} });
  const [left, right] = ['a'.repeat(32), 'b'.repeat(32)];
  const tasks = [
    { id: '1', name: 'left', interrupts: [{ id: left, value: 'left?' }] },
    { id: '2', name: 'right', interrupts: [{ id: right, value: 'right?' }] },
  ];
  const of = (resume: unknown, since: readonly string[]) => deliverable(head(tasks), { resume, strict: true, askedSince: new Set(since) });

  test('what was asked before the run is answered, what was asked since is not', () => {
    expect(of({ [left]: 1, [right]: 2 }, [])).toEqual({ [left]: 1, [right]: 2 });
    expect(of({ [left]: 1, [right]: 2 }, ['1'])).toEqual({ [right]: 2 });
    expect(of({ [left]: 1 }, ['1'])).toBeUndefined();
    expect(of('yes', ['2'])).toBe('yes');
    expect(of('yes', ['1', '2'])).toBeUndefined();
    expect(of(false, ['2'])).toEqual({ [left]: false });
  });
});

test('of two questions at once the answered one is no longer listed, and the other is', async () => {
  const threadId = await thread();
  const both = (await wait(threadId, 'pair', { input: {} })).__interrupt__ ?? [];
  expect(both.map(({ value }) => value).toSorted()).toEqual(['left?', 'right?']);
  const left = both.find(({ value }) => value === 'left?')?.id ?? '';
  expect((await wait(threadId, 'pair', { command: { resume: { [left]: 'L' } } })).__interrupt__).toEqual(question('right?'));
  expect(await asked(threadId)).toEqual(question('right?'));
  const { tasks } = await server.client.threads.getState(threadId);
  expect(tasks.map(({ name, interrupts }) => [name, interrupts.length])).toEqual([
    ['left', 0],
    ['right', 1],
  ]);
  expect((await wait(threadId, 'pair', { input: null })).__interrupt__).toEqual(question('right?'));
  expect(await wait(threadId, 'pair', { command: { resume: 'R' } })).toMatchObject({ log: ['left:"L"', 'right:"R"'] });
});

test('a rollback gives an answered question back', async () => {
  const threadId = await thread();
  const both = (await wait(threadId, 'latePair', { input: {} })).__interrupt__ ?? [];
  const resume = Object.fromEntries(both.map(({ id, value }) => [id, value]));
  const run = await server.client.runs.create(threadId, 'latePair', { command: { resume } });
  const waiting = async () => (await server.client.threads.getState(threadId)).tasks.flatMap(({ interrupts }) => interrupts);
  await until(async () => (await waiting()).length === 1, 'the quick answer');
  await server.client.runs.cancel(threadId, run.run_id, true, 'rollback');
  expect(await waiting()).toHaveLength(2);
  expect(await asked(threadId)).toHaveLength(2);
});

describe('strict_resume', () => {
  const refused = (threadId: string, resume: unknown) =>
    wait(threadId, 'pair', { command: { resume }, strictResume: true }).then(
      () => 'answered',
      (error: Error) => error.message,
    );

  test('an answer for what does not wait fails the run with UnknownInterruptError, and the thread stays as it was', async () => {
    const threadId = await thread();
    const both = (await wait(threadId, 'pair', { input: {} })).__interrupt__ ?? [];
    const before = await server.client.threads.get(threadId);
    for (const [resume, words] of [
      [{ ['f'.repeat(32)]: 'x' }, /Unknown or already-consumed interrupt: f+; .* waits/],
      [{ [both[0]?.id ?? '']: 'L', ['f'.repeat(32)]: 'x' }, /f+; .* waits/],
      [{}, /names no interrupt/],
      ['one for both', /Several interrupts wait/],
    ] as const)
      expect(await refused(threadId, resume)).toMatch(new RegExp(`^UnknownInterruptError: .*${words.source}`));
    const after = await server.client.threads.get(threadId);
    expect({ ...after, updated_at: '' }).toEqual({ ...before, updated_at: '' });
    expect((await server.client.runs.list(threadId))[0]).toMatchObject({ status: 'error' });
    expect(await refused(await thread(), 'nothing waits')).toMatch(/UnknownInterruptError: .*none waits/);
  });

  test('an answer for what waits is delivered; without it, one for what does not wait is passed over', async () => {
    const threadId = await thread();
    const both = (await wait(threadId, 'pair', { input: {} })).__interrupt__ ?? [];
    const resume = Object.fromEntries(both.map(({ id, value }) => [id, value]));
    const unknown = { ['f'.repeat(32)]: 'x' };
    expect((await wait(threadId, 'pair', { command: { resume: unknown } })).__interrupt__).toHaveLength(2);
    expect(await wait(threadId, 'pair', { command: { resume }, strictResume: true })).toMatchObject({
      log: ['left:"left?"', 'right:"right?"'],
    });
  });

  test('/info says that it is done here', async () => {
    expect((await server.send('GET', '/info')).body).toMatchObject({ flags: { strict_resume: true, stream_namespaces: true } });
  });
});
