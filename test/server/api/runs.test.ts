/** Runs over the API, driven by the official SDK: what they are given, how they wait, ask, fork and end. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openStores } from '../../../checkpoints/stores.ts';
import { fresh, NONE, runs, type Steps, server, shapes, startBoth, wait } from '../both.ts';
import { all, refusal } from '../sse.ts';

interface Seen {
  readonly configurable: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly tags: string[];
  readonly recursionLimit: number;
  readonly context: unknown;
}

startBoth();

test('a stream tells its run, its values and ends with its run', async () => {
  const thread_id = await fresh();
  const found = await all(runs().stream(thread_id, 'two', { input: { n: 1 }, streamMode: ['values', 'updates'] }));
  expect(found.map((one) => one.event)).toEqual(['metadata', 'values', 'updates', 'values', 'updates', 'values']);
  expect(found.at(-1)?.data).toEqual({ n: 3, log: ['one', 'two'] });
  expect(found.map((one) => one.id)).toEqual(['0', '1', '2', '3', '4', '5']);
  const thread = await server.client.threads.get(thread_id);
  expect([thread.status, thread.values]).toEqual(['idle', { n: 3, log: ['one', 'two'] }]);
});

describe('create, get, list, delete', () => {
  test('a background run: its row, its place, its join', async () => {
    const threadId = await fresh();
    const created = await server.send('POST', `/threads/${threadId}/runs`, {
      assistant_id: 'two',
      input: { n: 1 },
      metadata: { why: 'test' },
    });
    const run = created.body as { run_id: string }; // a run
    expect([created.status, created.headers.get('content-location')]).toEqual([200, `/threads/${threadId}/runs/${run.run_id}`]);
    expect(run).toMatchObject({
      thread_id: threadId,
      status: 'pending',
      multitask_strategy: 'enqueue',
      metadata: { why: 'test' },
      kwargs: { input: { n: 1 } },
    });
    expect(await runs().join(threadId, run.run_id)).toEqual({ n: 3, log: ['one', 'two'] });
    expect(await runs().get(threadId, run.run_id)).toMatchObject({ status: 'success', run_id: run.run_id });
    expect((await server.client.threads.get(threadId)).metadata).toMatchObject({ graph_id: 'two' });
  });

  test('a list is newest first; limit, offset, status and select narrow it', async () => {
    const threadId = await fresh();
    const ids: string[] = [];
    for (const graph of ['two', 'fails', 'two']) {
      const run = await runs().create(threadId, graph, { input: { n: 1 } });
      ids.push(run.run_id);
      await runs().join(threadId, run.run_id);
    }
    const list = async (options: object) => (await runs().list(threadId, options)).map((one) => one.run_id);
    expect(await list({})).toEqual(ids.toReversed());
    expect(await list({ limit: 1, offset: 1 })).toEqual([ids[1]]);
    expect(await list({ limit: 2, offset: 2 })).toEqual([ids[0]]);
    expect(await list({ status: 'error' })).toEqual([ids[1]]);
    expect(await runs().list(threadId, { select: ['run_id', 'status'] as never, limit: 1 })).toEqual([
      { run_id: ids[2], status: 'success' },
    ]); // SDK types
    await runs().delete(threadId, ids[1] ?? '');
    expect(await list({})).toEqual([ids[2], ids[0]]);
    expect((await server.send('DELETE', `/threads/${threadId}/runs/${ids[1]}`)).status).toBe(404);
    expect((await server.send('GET', `/threads/${NONE}/runs`)).status).toBe(404);
  });

  test('a run of another thread is not found on this one', async () => {
    const [mine, other] = [await fresh(), await fresh()];
    const run = await runs().create(mine, 'two', { input: {} });
    for (const end of ['', '/join', '/stream'])
      expect((await server.send('GET', `/threads/${other}/runs/${run.run_id}${end}`)).status).toBe(404);
    expect((await server.send('POST', `/threads/${other}/runs/${run.run_id}/cancel`)).status).toBe(404);
    expect((await server.send('DELETE', `/threads/${other}/runs/${run.run_id}`)).status).toBe(404);
    await runs().join(mine, run.run_id);
  });

  test('a thread that is not there: 404, or made for the run', async () => {
    const threadId = randomUUID();
    expect(refusal(await server.send('POST', `/threads/${threadId}/runs`, { assistant_id: 'two', input: {} }))).toEqual({
      status: 404,
      detail: `Thread with ID ${threadId} not found`,
    });
    expect(await runs().wait(threadId, 'two', { input: { n: 0 }, ifNotExists: 'create', metadata: { why: 'test' } })).toMatchObject({
      n: 2,
    });
    expect((await server.client.threads.get(threadId)).metadata).toMatchObject({ graph_id: 'two' });
  });

  test('after_seconds: it waits, and others go before it', async () => {
    const threadId = await fresh();
    const later = await runs().create(threadId, 'two', { input: { n: 50 }, afterSeconds: 1 });
    expect(later.status).toBe('pending');
    expect(await wait(threadId, 'two', { input: { n: 1 } })).toMatchObject({ n: 3 });
    expect((await runs().get(threadId, later.run_id)).status).toBe('pending');
    expect((await server.client.threads.get(threadId)).status).toBe('busy');
    expect(await runs().join(threadId, later.run_id)).toMatchObject({ n: 52 });
  });
});

describe('stateless', () => {
  test('leaves no thread; keep leaves it', async () => {
    const before = await server.client.threads.count();
    expect(await runs().wait(null, 'two', { input: { n: 1 } })).toEqual({ n: 3, log: ['one', 'two'] });
    const cancelled = await runs().create(null, 'two', { input: {}, afterSeconds: 60 });
    await server.send('POST', '/runs/cancel?action=interrupt', { run_ids: [cancelled.run_id] });
    expect(await server.client.threads.count()).toBe(before);
    for (const onCompletion of ['keep', 'continue'] as const) {
      const run = await server.send('POST', '/runs', { assistant_id: 'two', input: {}, on_completion: onCompletion });
      const { thread_id, run_id } = run.body as { thread_id: string; run_id: string }; // a run
      await runs().join(thread_id, run_id);
      expect((await server.client.threads.get(thread_id)).status).toBe('idle');
    }
    expect(await server.client.threads.count()).toBe(before + 2);
  });

  test('a batch is put whole or not at all', async () => {
    const before = await server.client.threads.count();
    const batch = await runs().createBatch([
      { assistantId: 'two', input: { n: 1 }, multitaskStrategy: 'reject', metadata: { from: 'sdk' } },
    ]);
    expect(batch).toEqual([expect.objectContaining({ multitask_strategy: 'reject', metadata: { from: 'sdk' } })]);
    await server.send('GET', `/runs/${batch[0]?.run_id ?? ''}/wait`);
    const put = await server.send(
      'POST',
      '/runs/batch',
      [1, 2, 3].map((n) => ({ assistant_id: 'two', input: { n } })),
    );
    const outputs = await Promise.all(
      (put.body as { run_id: string }[]).map(async ({ run_id }) => (await fetch(`${server.url}/runs/${run_id}/wait`)).json()),
    );
    expect(outputs.map((one) => (one as Steps).n)).toEqual([3, 4, 5]);
    const bad = await server.send('POST', '/runs/batch', [
      { assistant_id: 'two', input: {} },
      { assistant_id: 'nothing', input: {} },
    ]);
    expect(refusal(bad)).toMatchObject({ status: 404, detail: expect.stringContaining('No assistant found for "nothing"') });
    expect(await server.client.threads.count()).toBe(before);
    expect((await server.send('POST', '/runs/batch', [])).status).toBe(422);
  });
});

describe('wait', () => {
  test('an interrupt is in the output; an error is __error__, and the SDK throws it', async () => {
    const threadId = await fresh();
    expect(await wait(threadId, 'ask', { input: { n: 7 } })).toEqual({
      n: 7,
      log: [],
      __interrupt__: [{ id: expect.any(String), value: { question: 'first?' } }],
    });
    await expect(runs().wait(await fresh(), 'fails', { input: {} })).rejects.toThrow('QuotaError: no more today');
    const raw = await server.send('POST', `/threads/${await fresh()}/runs/wait`, { assistant_id: 'fails', input: {} });
    expect([raw.status, raw.body]).toEqual([200, { __error__: { error: 'QuotaError', message: 'no more today' } }]);
  });

  test('a long one is kept alive by line feeds, and is JSON as a whole', async () => {
    const response = await fetch(`${server.url}/runs/wait`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ assistant_id: 'slow', input: {}, config: { configurable: { ms: 1200, steps: 1 } } }),
    });
    const text = await response.text();
    expect(text).toMatch(/^\n+\{/);
    expect(JSON.parse(text)).toEqual({ n: 1, log: ['step 1'] });
  });

  test('a run that never began, because it was cancelled, gives the thread’s values', async () => {
    const threadId = await fresh();
    await wait(threadId, 'two', { input: { n: 1 } });
    const run = await runs().create(threadId, 'two', { input: { n: 9 }, afterSeconds: 60 });
    const joined = runs().join(threadId, run.run_id);
    await runs().cancel(threadId, run.run_id);
    expect(await joined).toEqual({ n: 3, log: ['one', 'two'] });
  });
});

describe('what a graph is given', () => {
  const look = async (payload: object, headers: Record<string, string> = {}): Promise<Seen> => {
    const { body } = await shapes.send('POST', '/runs/wait', { assistant_id: 'echo', input: {}, ...payload }, headers);
    return (body as { seen: Seen }).seen; // the graph's state
  };

  test('config, context, metadata, tags and limits pass through', async () => {
    const seen = await look({
      config: { configurable: { model: 'm', deep: { a: [1] } }, tags: ['t'], recursion_limit: 11, metadata: { from: 'config' } },
      context: { tenant: 'x' },
      metadata: { from_run: 1 },
    });
    expect(seen.configurable).toMatchObject({
      model: 'm',
      deep: { a: [1] },
      graph_id: 'echo',
      thread_id: expect.any(String),
      run_id: expect.any(String),
    });
    expect(seen).toMatchObject({ context: { tenant: 'x' }, recursionLimit: 11, tags: expect.arrayContaining(['t']) });
    expect(seen.metadata).toMatchObject({ from: 'config', from_run: 1, graph_id: 'echo', run_attempt: 1 });
  });

  test('an assistant’s config and context are the standard; the run’s own go before them', async () => {
    const assistant = await shapes.client.assistants.create({
      graphId: 'echo',
      config: { configurable: { model: 'standard', other: 1 } },
      metadata: { team: 'a' },
    });
    const seen = await look({ assistant_id: assistant.assistant_id, config: { configurable: { model: 'own' } } });
    expect(seen.configurable).toMatchObject({ model: 'own', other: 1, assistant_id: assistant.assistant_id });
    expect(seen.metadata).toMatchObject({ team: 'a', assistant_id: assistant.assistant_id });
  });

  test('headers x-... are in the configurable, credentials are not; no reader of the run is shown either', async () => {
    const headers = { 'x-trace': 'abc', 'x-access-token': 'mine', 'x-api-key': 'lsv2_secret', authorization: 'Bearer secret' };
    const { thread_id } = await shapes.client.threads.create();
    const created = await shapes.send(
      'POST',
      `/threads/${thread_id}/runs/stream`,
      { assistant_id: 'echo', input: {}, stream_mode: ['debug'] },
      headers,
    );
    expect(String(created.body)).not.toMatch(/lsv2_secret|Bearer secret/);
    const seen = (await shapes.client.threads.getState<{ seen: Seen }>(thread_id)).values.seen;
    expect(seen.configurable).toMatchObject({ 'x-trace': 'abc', 'x-access-token': 'mine', 'user-agent': expect.any(String) });
    expect(seen.configurable).not.toHaveProperty('x-api-key');
    const shown = JSON.stringify([await shapes.client.runs.list(thread_id), (await shapes.client.threads.get(thread_id)).config]);
    expect(shown).not.toMatch(/mine|lsv2|user-agent/);
  });

  test('what only the server may say is taken out of a client’s configurable', async () => {
    const spoof = {
      langgraph_auth_user: { identity: 'root' },
      langgraph_auth_user_id: 'root',
      langgraph_auth_permissions: ['*'],
      __pregel_resuming: true,
      thread_id: NONE,
      run_id: NONE,
      checkpoint_id: NONE,
      checkpoint_ns: 'x',
      checkpoint_map: {},
      user_id: 'the customer that it is about',
    };
    const seen = await look({ config: { configurable: spoof } });
    expect(Object.keys(seen.configurable).filter((name) => name.startsWith('langgraph_auth'))).toEqual([]);
    expect(seen.configurable['thread_id']).not.toBe(NONE);
    expect(seen.configurable['run_id']).not.toBe(NONE);
    expect(JSON.stringify(seen)).not.toContain('root');
    expect(seen.configurable['user_id']).toBe('the customer that it is about');
    expect((await look({})).configurable['user_id']).toMatch(/^local:/);
  });
});

test('a governed run’s thread: no other graph runs on it, and another graph’s name in its metadata opens nothing', async () => {
  const threadId = randomUUID();
  const stores = await openStores({ home: server.home, clock: { now: () => Date.now(), monotonic: () => performance.now() } });
  await stores.runs.create(threadId, {
    goal: 'g',
    repo: '/r',
    base: 'a'.repeat(40),
    starter: 'local:ada',
    pipelineVersion: 1,
    configDigest: 'b'.repeat(64),
  });
  stores.close();
  const other = { assistant_id: 'two', input: { n: 1 } };
  for (const end of ['', '/stream', '/wait'])
    expect(refusal(await server.send('POST', `/threads/${threadId}/runs${end}`, other))).toMatchObject({
      status: 409,
      detail: expect.stringContaining('governed'),
    });
  await server.send('PATCH', `/threads/${threadId}`, { metadata: { graph_id: 'two' } });
  expect((await server.send('POST', `/threads/${threadId}/runs`, other)).status).toBe(409);
  expect((await server.send('POST', `/threads/${threadId}/state`, { values: { n: 1 }, as_node: 'one' })).status).toBeGreaterThanOrEqual(
    400,
  );
  expect((await server.send('GET', `/threads/${threadId}/history`)).body).toEqual([]);
  expect((await server.send('DELETE', `/threads/${threadId}`)).status).toBe(409);
  expect((await server.send('POST', `/threads/${threadId}/copy`)).status).toBe(409);
  expect((await server.send('POST', '/threads/prune', { thread_ids: [threadId] })).status).toBe(409);
  expect(await runs().list(threadId)).toEqual([]);
});

describe('bad input', () => {
  test('unknown fields and wrong types: 422 naming the field; nothing is put', async () => {
    const threadId = await fresh();
    const cases: [object, string][] = [
      [{ inputs: {} }, '"inputs"'],
      [{ stream_mode: 'all' }, 'body.stream_mode'],
      [{ stream_mode: ['values', 'all'] }, 'body.stream_mode'],
      [{ multitask_strategy: 'queue' }, 'body.multitask_strategy'],
      [{ durability: 'never' }, 'body.durability'],
      [{ command: { resme: 1 } }, '"resme"'],
      [{ command: { goto: { nod: 'x' } } }, 'body.command.goto'],
      [{ config: { recursion_limit: 'ten' } }, 'body.config.recursion_limit'],
      [{ config: { configurable: [] } }, 'body.config.configurable'],
      [{ checkpoint: { checkpont_id: 'x' } }, '"checkpont_id"'],
      [{ after_seconds: -1 }, 'body.after_seconds'],
      [{ interrupt_before: 'one' }, 'body.interrupt_before'],
      [{ metadata: 'x' }, 'body.metadata'],
      [{ on_disconnect: 'die' }, 'body.on_disconnect'],
      [{ assistant_id: '' }, 'body.assistant_id'],
      [{ webhook: 'not a url' }, 'webhook'],
    ];
    for (const [body, named] of cases)
      for (const end of ['', '/stream', '/wait']) {
        const told = refusal(await server.send('POST', `/threads/${threadId}/runs${end}`, { assistant_id: 'two', input: {}, ...body }));
        expect([body, end, told]).toEqual([body, end, { status: 422, detail: expect.stringContaining(named) }]);
      }
    expect(await runs().list(threadId)).toEqual([]);
    expect((await server.client.threads.get(threadId)).status).toBe('idle');
  });

  test('ids: no UUID 422, unknown 404; an unknown graph in the SDK’s own words', async () => {
    const threadId = await fresh();
    expect((await server.send('POST', '/threads/mine/runs', { assistant_id: 'two' })).status).toBe(422);
    expect((await server.send('GET', `/threads/${threadId}/runs/mine`)).status).toBe(422);
    expect((await server.send('GET', `/threads/${threadId}/runs/${NONE}`)).status).toBe(404);
    for (const path of [`/threads/${threadId}/runs`, `/threads/${threadId}/runs/stream`, '/runs/wait']) {
      const told = refusal(await server.send('POST', path, { assistant_id: 'nothing', input: {} }));
      expect(told).toEqual({ status: 404, detail: expect.stringContaining('No assistant found for "nothing"') });
    }
    expect((await server.send('POST', '/runs/wait', { assistant_id: NONE, input: {} })).status).toBe(404);
    expect((await server.send('POST', '/runs/wait')).status).toBe(422);
    expect((await server.send('POST', '/runs/wait', '[')).status).toBe(400);
  });
});
