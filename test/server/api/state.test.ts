/** The state of a thread over the API: now, at a checkpoint, its history, edits and forks. */
import { describe, expect, test } from 'vitest';
import { NONE, type Steps, server, shapes, startBoth } from '../both.ts';
import { reached, refusal } from '../sse.ts';

startBoth();

const api = () => ({ threads: server.client.threads, runs: server.client.runs });

async function ran(input: Record<string, unknown> = { n: 1 }): Promise<string> {
  const { thread_id } = await api().threads.create();
  await api().runs.wait(thread_id, 'two', { input });
  return thread_id;
}

describe('reading', () => {
  test('a thread without a graph has an empty state and no history', async () => {
    const { thread_id } = await api().threads.create();
    expect(await api().threads.getState(thread_id)).toEqual({
      values: {},
      next: [],
      tasks: [],
      metadata: {},
      created_at: null,
      checkpoint: null,
      parent_checkpoint: null,
      interrupts: [],
    });
    expect(await api().threads.getHistory(thread_id)).toEqual([]);
  });

  test('the latest state has its checkpoint, its parent, its time and its step', async () => {
    const threadId = await ran();
    const state = await api().threads.getState<Steps>(threadId);
    expect(state).toMatchObject({ values: { n: 3, log: ['one', 'two'] }, next: [], tasks: [], metadata: { source: 'loop', step: 2 } });
    expect(state.checkpoint).toEqual({ thread_id: threadId, checkpoint_ns: '', checkpoint_id: expect.any(String), checkpoint_map: null });
    expect(state.parent_checkpoint?.checkpoint_id).not.toBe(state.checkpoint.checkpoint_id);
    expect(Date.parse(String(state.created_at))).toBeGreaterThan(0);
  });

  test('history is newest first, pages by limit and by before in its three forms, and filters by metadata', async () => {
    const threadId = await ran();
    const whole = await api().threads.getHistory<Steps>(threadId);
    expect(whole.map((one) => one.values.n)).toEqual([3, 2, 1, 0]);
    expect(whole.map((one) => one.next)).toEqual([[], ['two'], ['one'], ['__start__']]);
    const at = whole[1]?.checkpoint ?? {};
    const ids = async (query: object): Promise<unknown> => {
      const { body } = await server.send('POST', `/threads/${threadId}/history`, query);
      return (body as { values: Steps }[]).map((one) => one.values.n); // states
    };
    const id = (at as { checkpoint_id: string }).checkpoint_id; // a checkpoint's
    expect(await ids({ before: id })).toEqual([1, 0]);
    expect(await ids({ before: { checkpoint_id: id } })).toEqual([1, 0]);
    expect(await ids({ before: at })).toEqual([1, 0]);
    expect(await ids({ before: { configurable: at } })).toEqual([1, 0]);
    expect(await ids({ before: { configurable: { thread_id: threadId, checkpoint_id: id }, tags: [], recursion_limit: 25 } })).toEqual([
      1, 0,
    ]);
    expect(await ids({ limit: 1 })).toEqual([3]);
    expect(await ids({ metadata: { step: 1 } })).toEqual([2]);
    expect(await ids({ metadata: { source: 'input' } })).toEqual([0]);
    expect(await ids({ metadata: { 'any"key\']': 1 } })).toEqual([]);
    expect(await ids({ metadata: { 'a.b': 1 } })).toEqual([]);
    const { run_id } = (await api().runs.list(threadId))[0] ?? { run_id: '' };
    expect(await ids({ metadata: { run_id } })).toEqual([3, 2, 1, 0]);
    await api().runs.wait(threadId, 'two', { input: { n: 10 }, metadata: { tone: 'kind' } });
    expect(await ids({ metadata: { tone: 'kind', graph_id: 'two' } })).toEqual([12, 11, 10, 3]);
    expect(
      (await api().threads.getHistory<Steps>(threadId, { before: { configurable: at } as never, limit: 1 })).map((one) => one.values.n),
    ).toEqual([1]); // SDK types
    const got = await server.send('GET', `/threads/${threadId}/history?limit=2&before=${id}`);
    expect((got.body as { values: Steps }[]).map((one) => one.values.n)).toEqual([1, 0]); // states
  });

  test('a state at a checkpoint, by path and by body; an unknown checkpoint is 404', async () => {
    const threadId = await ran();
    const [, second] = await api().threads.getHistory<Steps>(threadId);
    const id = second?.checkpoint.checkpoint_id ?? '';
    expect((await api().threads.getState<Steps>(threadId, id)).values).toEqual({ n: 2, log: ['one'] });
    expect((await api().threads.getState<Steps>(threadId, second?.checkpoint)).values).toEqual({ n: 2, log: ['one'] });
    expect(refusal(await server.send('GET', `/threads/${threadId}/state/${NONE}`))).toEqual({
      status: 404,
      detail: `checkpoint ${NONE} not found in thread ${threadId}`,
    });
    expect((await server.send('POST', `/threads/${threadId}/state/checkpoint`, { checkpoint: { checkpoint_id: NONE } })).status).toBe(404);
    const other = await ran();
    expect((await server.send('GET', `/threads/${other}/state/${id}`)).status).toBe(404);
  });

  test('messages are flat, in the state, the history, the thread and the output', async () => {
    const { thread_id } = await api().threads.create();
    const output = (await api().runs.wait(thread_id, 'chat', {
      input: { messages: [{ role: 'human', content: 'hey', id: 'm1' }] },
    })) as never as { messages: unknown[] }; // the graph's state
    const expected = [
      expect.objectContaining({ type: 'human', content: 'hey', id: 'm1' }),
      expect.objectContaining({ type: 'ai', content: 'you said: hey' }),
    ];
    expect(output.messages).toEqual(expected);
    const [state, history, thread] = await Promise.all([
      api().threads.getState<{ messages: unknown[] }>(thread_id),
      api().threads.getHistory<{ messages: unknown[] }>(thread_id),
      api().threads.get(thread_id),
    ]);
    expect(state.values.messages).toEqual(expected);
    expect(history[0]?.values.messages).toEqual(expected);
    expect((thread.values as { messages: unknown[] }).messages).toEqual(expected);
    for (const one of [output, state, history, thread]) expect(JSON.stringify(one)).not.toContain('"lc":1');
    const { body } = await server.send('POST', '/threads/search', { ids: [thread_id], extract: { last: 'values.messages[-1].content' } });
    expect((body as { extracted: unknown }[])[0]?.extracted).toEqual({ last: 'you said: hey' });
  });

  test('a question in a subgraph: the task has its place, and with subgraphs its state', async () => {
    const { thread_id } = await shapes.client.threads.create();
    await shapes.client.runs.wait(thread_id, 'deepAsk', { input: {} });
    const flat = await shapes.client.threads.getState(thread_id);
    expect(flat.tasks[0]).toMatchObject({ name: 'inner', interrupts: [{ value: 'deep?' }], state: null });
    expect(flat.tasks[0]?.checkpoint).toMatchObject({ checkpoint_ns: expect.stringMatching(/^inner:/), thread_id });
    const deep = await shapes.client.threads.getState(thread_id, undefined, { subgraphs: true });
    expect(deep.tasks[0]?.state).toMatchObject({ next: ['question'], tasks: [{ name: 'question' }] });
    const checkpoint = { thread_id, checkpoint_ns: flat.tasks[0]?.checkpoint?.checkpoint_ns ?? '', checkpoint_id: null };
    const inside = await shapes.send('POST', `/threads/${thread_id}/state/checkpoint`, { checkpoint });
    expect(inside.body).toMatchObject({ next: ['question'] });
    const history = await shapes.send('POST', `/threads/${thread_id}/history`, { checkpoint });
    expect((history.body as { next: string[] }[]).map((one) => one.next)).toEqual([['question'], ['__start__']]); // states
  });
});

describe('editing', () => {
  test('as a node: the graph goes on after that node', async () => {
    const { thread_id } = await api().threads.create();
    await api().runs.wait(thread_id, 'two', { input: { n: 1 }, interruptBefore: ['one'] });
    const edited = await api().threads.updateState(thread_id, { values: { n: 10, log: ['edited'] }, asNode: 'one' });
    const checkpoint = { thread_id, checkpoint_ns: '', checkpoint_id: expect.any(String), checkpoint_map: null };
    expect(Object(edited)['checkpoint']).toEqual(checkpoint);
    const thread = await api().threads.get(thread_id);
    expect([thread.status, thread.values]).toEqual(['interrupted', { n: 10, log: ['edited'] }]);
    expect(await api().runs.wait(thread_id, 'two', { input: null })).toEqual({ n: 11, log: ['edited', 'two'] });
  });

  test('a fork from an earlier checkpoint becomes the latest state; the old branch stays in the history', async () => {
    const threadId = await ran();
    const history = await api().threads.getHistory<Steps>(threadId);
    const at = history[1]?.checkpoint;
    await api().threads.updateState(threadId, { values: { n: 100 }, checkpointId: at?.checkpoint_id ?? '' });
    const state = await api().threads.getState<Steps>(threadId);
    expect([state.values, state.next, state.parent_checkpoint]).toEqual([{ n: 100, log: ['one'] }, ['two'], at]);
    expect(await api().threads.getHistory(threadId)).toHaveLength(5);
    expect(await api().runs.wait(threadId, 'two', { input: null })).toEqual({ n: 101, log: ['one', 'two'] });
    await server.send('POST', `/threads/${threadId}/state`, { values: { n: 7 }, checkpoint: at });
    expect((await api().threads.getState<Steps>(threadId)).values.n).toBe(7);
  });

  test('as __end__ nothing is left to do: how an inbox ignores a question', async () => {
    const { thread_id } = await api().threads.create();
    await api().runs.wait(thread_id, 'ask', { input: {} });
    const edit = await server.send('POST', `/threads/${thread_id}/state`, { values: null, as_node: '__end__' });
    expect(edit.status).toBe(200);
    const thread = await api().threads.get(thread_id);
    expect([thread.status, thread.interrupts]).toEqual(['idle', {}]);
    expect((await api().threads.getState(thread_id)).next).toEqual([]);
  });

  test('409 while a run is open, 400 without a graph, 422 for what the graph refuses, 404 for what is not there', async () => {
    const { thread_id } = await api().threads.create();
    expect(refusal(await server.send('POST', `/threads/${thread_id}/state`, { values: {} }))).toMatchObject({
      status: 400,
      detail: expect.stringContaining('no graph'),
    });
    const run = await api().runs.create(thread_id, 'slow', { input: {}, config: { configurable: { ms: 20_000 } } });
    expect(refusal(await server.send('POST', `/threads/${thread_id}/state`, { values: {} }))).toMatchObject({
      status: 409,
      detail: expect.stringContaining('busy'),
    });
    await reached(server, thread_id, run.run_id, 'running');
    expect((await server.send('POST', `/threads/${thread_id}/state`, { values: {} })).status).toBe(409);
    await api().runs.cancel(thread_id, run.run_id, true);
    const threadId = await ran();
    expect((await server.send('POST', `/threads/${threadId}/state`, { values: { n: 1 }, as_node: 'nobody' })).status).toBe(422);
    expect((await server.send('POST', `/threads/${threadId}/state`, { values: { n: 1 }, checkpoint_id: NONE })).status).toBe(404);
    expect((await server.send('POST', `/threads/${NONE}/state`, { values: {} })).status).toBe(404);
    expect((await api().threads.getState<Steps>(threadId)).values).toEqual({ n: 3, log: ['one', 'two'] });
  });

  test('unknown fields and wrong types: 422 naming the field', async () => {
    const threadId = await ran();
    const cases: [string, string, unknown, string][] = [
      ['POST', `/threads/${threadId}/state`, { vals: {} }, '"vals"'],
      ['POST', `/threads/${threadId}/state`, { values: 3 }, 'body.values'],
      ['POST', `/threads/${threadId}/state`, { values: {}, checkpoint: { id: 'x' } }, 'body.checkpoint'],
      ['POST', `/threads/${threadId}/state/checkpoint`, {}, 'body.checkpoint'],
      ['POST', `/threads/${threadId}/history`, { limit: 'ten' }, 'body.limit'],
      ['POST', `/threads/${threadId}/history`, { before: 7 }, 'body.before'],
      ['GET', `/threads/${threadId}/history?limit=0`, undefined, 'query.limit'],
      ['GET', `/threads/${threadId}/state?subgraphs=maybe`, undefined, 'query.subgraphs'],
      ['GET', `/threads/${threadId}/state/latest`, undefined, 'checkpoint_id'],
      ['GET', `/threads/x/state`, undefined, 'thread_id'],
    ];
    for (const [method, path, body, named] of cases) {
      const told = refusal(await server.send(method, path, body));
      expect([path, body, told]).toEqual([path, body, { status: 422, detail: expect.stringContaining(named) }]);
    }
  });
});
