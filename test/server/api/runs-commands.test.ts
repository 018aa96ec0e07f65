/** Answers, jumps, breakpoints and forks: how a run goes on from where its thread stands. */
import { describe, expect, test } from 'vitest';
import { fresh, NONE, runs, type Steps, server, shapes, startBoth, wait } from '../both.ts';

startBoth();

describe('questions and commands', () => {
  test('resume answers one question, then the next; false is an answer too', async () => {
    const threadId = await fresh();
    await wait(threadId, 'ask', { input: {} });
    const thread = await server.client.threads.get(threadId);
    expect([thread.status, Object.values(thread.interrupts)]).toEqual([
      'interrupted',
      [[{ id: expect.any(String), value: { question: 'first?' } }]],
    ]);
    const second = await wait(threadId, 'ask', { command: { resume: { any: ['thing'] } } });
    expect(second).toMatchObject({ log: ['first:{"any":["thing"]}'], __interrupt__: [{ value: { question: 'second?' } }] });
    expect(await wait(threadId, 'ask', { command: { resume: false } })).toEqual({ n: 0, log: ['first:{"any":["thing"]}', 'second:false'] });
    const after = await server.client.threads.get(threadId);
    expect([after.status, after.interrupts]).toEqual(['idle', {}]);
  });

  test('two questions at once are answered by their ids, together or one after the other', async () => {
    for (const together of [true, false]) {
      const { thread_id } = await shapes.client.threads.create();
      await shapes.client.runs.wait(thread_id, 'pair', { input: {} });
      const asked = Object.values((await shapes.client.threads.get(thread_id)).interrupts).flat() as { id: string; value: string }[]; // interrupts
      const id = (value: string) => asked.find((one) => one.value === value)?.id ?? '';
      const answers: Record<string, string> = { [id('left?')]: 'L', [id('right?')]: 'R' };
      const steps = together ? [answers] : Object.entries(answers).map(([key, value]) => ({ [key]: value }));
      for (const resume of steps) await shapes.client.runs.wait(thread_id, 'pair', { command: { resume } });
      const { values, next } = await shapes.client.threads.getState<{ log: string[] }>(thread_id);
      expect([together, values.log, next]).toEqual([together, ['left:"L"', 'right:"R"'], []]);
    }
  });

  test('goto: a node, several, a Send; update: an object, or pairs', async () => {
    const go = async (command: object) => {
      const threadId = await fresh();
      await wait(threadId, 'two', { input: { n: 1 }, interruptBefore: ['one'] });
      return wait(threadId, 'two', { command });
    };
    expect((await go({ goto: 'two' })).log).toContain('two');
    expect((await go({ update: { n: 10 }, goto: 'two' })).log).toEqual(expect.arrayContaining(['two']));
    expect(
      (
        await go({
          update: [
            ['n', 20],
            ['log', ['pair']],
          ],
          goto: 'two',
        })
      ).log,
    ).toEqual(expect.arrayContaining(['pair', 'two']));
    const { thread_id } = await shapes.client.threads.create();
    const sent = await shapes.send('POST', `/threads/${thread_id}/runs/wait`, {
      assistant_id: 'sends',
      command: {
        goto: [
          { node: 'work', input: { item: 'x' } },
          { node: 'work', input: { item: 'y' } },
        ],
      },
    });
    expect(sent.body).toMatchObject({ log: ['work:x', 'work:y'] });
    const unknown = await server.send('POST', `/threads/${await fresh()}/runs/wait`, { assistant_id: 'two', command: { goto: 'nobody' } });
    expect(unknown.status).toBe(200);
    expect(unknown.body).toEqual({ __error__: { error: 'Error', message: expect.stringContaining('no node "nobody"') } });
  });

  test('breakpoints: before and after, all by "*"; the thread is interrupted without a question', async () => {
    const threadId = await fresh();
    expect(await wait(threadId, 'two', { input: { n: 1 }, interruptBefore: ['two'] })).toEqual({ n: 2, log: ['one'], __interrupt__: [] });
    const thread = await server.client.threads.get(threadId);
    expect([thread.status, thread.interrupts]).toEqual(['interrupted', {}]);
    expect((await server.client.threads.getState(threadId)).next).toEqual(['two']);
    expect(await wait(threadId, 'two', { input: null })).toMatchObject({ n: 3 });
    const all = await fresh();
    expect((await wait(all, 'two', { input: {}, interruptAfter: '*' })).log).toEqual(['one']);
    expect((await wait(all, 'two', { input: null, interruptBefore: '*' })).log).toEqual(['one', 'two']);
  });
});

describe('forks', () => {
  test('re-run from here: a checkpoint and no input goes on from there, and starts nothing anew', async () => {
    const threadId = await fresh();
    await wait(threadId, 'two', { input: { n: 1 } });
    const history = await server.client.threads.getHistory<Steps>(threadId);
    const before = history.find((one) => one.next[0] === 'two')?.checkpoint;
    expect(await wait(threadId, 'two', { checkpoint: before })).toEqual({ n: 3, log: ['one', 'two'] });
    expect(await wait(threadId, 'two', { input: null, checkpointId: before?.checkpoint_id })).toEqual({ n: 3, log: ['one', 'two'] });
    const again = await server.client.threads.getHistory<Steps>(threadId);
    expect(again.filter((one) => one.metadata?.['source'] === 'input')).toHaveLength(1);
    expect(again.length).toBeGreaterThan(history.length);
    const with_input = await wait(threadId, 'two', { input: { n: 100 }, checkpoint: before });
    expect(with_input).toEqual({ n: 102, log: ['one', 'one', 'two'] });
  });

  test('a checkpoint that is not there: 404, and no run', async () => {
    const threadId = await fresh();
    await wait(threadId, 'two', { input: { n: 1 } });
    for (const body of [{ checkpoint_id: NONE }, { checkpoint: { checkpoint_id: NONE } }])
      expect((await server.send('POST', `/threads/${threadId}/runs`, { assistant_id: 'two', input: null, ...body })).status).toBe(404);
    expect(await runs().list(threadId)).toHaveLength(1);
  });

  test('durability: exit keeps one checkpoint, sync and async every one; checkpoint_during is the old word', async () => {
    const kept = async (payload: object) => {
      const threadId = await fresh();
      await wait(threadId, 'two', { input: { n: 1 }, ...payload });
      return (await server.client.threads.getHistory(threadId)).length;
    };
    expect([await kept({ durability: 'exit' }), await kept({ durability: 'sync' }), await kept({ durability: 'async' })]).toEqual([
      1, 4, 4,
    ]);
    expect([await kept({ checkpointDuring: false }), await kept({ checkpointDuring: true }), await kept({})]).toEqual([1, 4, 4]);
  });
});
