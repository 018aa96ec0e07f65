/** Threads over the API: create, look, search, count, patch, copy, prune, delete; driven by the official SDK and by raw requests. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../serving.ts';
import { reached, refusal } from '../sse.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const NONE = '00000000-0000-4000-8000-000000000000';
const threads = () => server.client.threads;

describe('create', () => {
  test('an empty body, a given id, metadata, and the form of a thread', async () => {
    const bare = await server.send('POST', '/threads');
    expect(bare.status).toBe(200);
    const id = randomUUID();
    const thread = await threads().create({ threadId: id, metadata: { owner: 'ada' }, graphId: 'two' });
    expect(thread).toMatchObject({
      thread_id: id,
      metadata: { owner: 'ada', graph_id: 'two' },
      status: 'idle',
      values: null,
      interrupts: {},
      config: {},
      error: null,
    });
    for (const time of [thread.created_at, thread.updated_at, thread.state_updated_at]) expect(Date.parse(String(time))).toBeGreaterThan(0);
  });

  test('an id that is taken: 409, or the thread as it is', async () => {
    const id = randomUUID();
    await threads().create({ threadId: id, metadata: { first: 1 } });
    expect(refusal(await server.send('POST', '/threads', { thread_id: id }))).toEqual({
      status: 409,
      detail: `thread ${id} already exists`,
    });
    const same = await threads().create({ threadId: id.toUpperCase(), ifExists: 'do_nothing', metadata: { second: 2 } });
    expect(same.metadata).toEqual({ first: 1 });
  });

  test('supersteps make a state, by the graph that metadata names; a second create adds nothing', async () => {
    const id = randomUUID();
    const body = {
      threadId: id,
      graphId: 'two',
      ifExists: 'do_nothing' as const,
      supersteps: [
        { updates: [{ values: { n: 5, log: ['given'] }, asNode: '__start__' }] },
        { updates: [{ values: { n: 6, log: ['as one'] }, asNode: 'one' }] },
      ],
    };
    const made = await threads().create(body);
    expect(made).toMatchObject({ values: { n: 6, log: ['given', 'as one'] }, status: 'interrupted' });
    expect((await threads().getState(id)).next).toEqual(['two']);
    await threads().create(body);
    expect((await threads().getState<{ log: string[] }>(id)).values.log).toEqual(['given', 'as one']);
    expect(await server.client.runs.wait(id, 'two', { input: null })).toEqual({ n: 7, log: ['given', 'as one', 'two'] });
  });

  test('supersteps that the graph refuses leave no thread', async () => {
    const id = randomUUID();
    const wrong = await server.send('POST', '/threads', {
      thread_id: id,
      metadata: { graph_id: 'two' },
      supersteps: [{ updates: [{ values: { n: 1 }, as_node: 'nobody' }] }],
    });
    expect(wrong.status).toBe(422);
    expect((await server.send('GET', `/threads/${id}`)).status).toBe(404);
    const step = (goto: string) => ({
      metadata: { graph_id: 'two' },
      supersteps: [{ updates: [{ command: { update: { n: 4 }, goto }, as_node: 'one' }] }],
    });
    expect(refusal(await server.send('POST', '/threads', step('nobody')))).toEqual({
      status: 422,
      detail: expect.stringContaining('no node "nobody"'),
    });
    const jumped = await server.send('POST', '/threads', step('one'));
    const { thread_id } = jumped.body as { thread_id: string }; // a thread
    expect((await threads().getState(thread_id)).next.toSorted()).toEqual(['one', 'two']);
    const nameless = await server.send('POST', '/threads', { supersteps: [{ updates: [{ values: {} }] }] });
    expect(refusal(nameless)).toMatchObject({ status: 422, detail: expect.stringContaining('graph_id') });
  });

  test('a time to live is shown when asked for, and taken in both forms', async () => {
    const { thread_id } = await threads().create({ ttl: 5 });
    expect((await server.send('GET', `/threads/${thread_id}?include=ttl`)).body).toMatchObject({
      ttl: { strategy: 'delete', ttl_minutes: 5 },
    });
    expect((await server.send('GET', `/threads/${thread_id}`)).body).not.toHaveProperty('ttl');
    expect(await threads().get(thread_id, { include: ['ttl', 'ttl'] })).toMatchObject({ ttl: { ttl_minutes: 5 } });
    const other = await threads().create({ ttl: { ttl: 7, strategy: 'delete' } });
    expect((await server.send('GET', `/threads/${other.thread_id}?include=ttl`)).body).toMatchObject({ ttl: { ttl_minutes: 7 } });
  });
});

describe('search and count', () => {
  const tag = randomUUID();
  const ids: string[] = [];
  beforeAll(async () => {
    for (let index = 0; index < 5; index += 1)
      ids.push((await threads().create({ metadata: { tag, index, even: index % 2 === 0, deep: { place: ['a', 'b'] } } })).thread_id);
    await server.client.runs.wait(ids[0] ?? '', 'two', { input: { n: 40 } });
    await server.client.runs.wait(ids[1] ?? '', 'ask', { input: {} });
    await server.client.runs.wait(ids[2] ?? '', 'fails', { input: {}, raiseError: false });
  });
  const found = async (query: object): Promise<string[]> => {
    const { body } = await server.send('POST', '/threads/search', { metadata: { tag }, ...query });
    return (body as { thread_id: string }[]).map((one) => one.thread_id); // threads
  };

  test('by metadata: text, number, truth, nested, lists; newest first', async () => {
    expect(await found({})).toEqual(ids.toReversed());
    expect(await found({ metadata: { tag, index: 3 } })).toEqual([ids[3]]);
    expect(await found({ metadata: { tag, even: true } })).toEqual([ids[4], ids[2], ids[0]]);
    expect(await found({ metadata: { tag, deep: { place: ['b'] } } })).toHaveLength(5);
    expect(await found({ metadata: { tag, index: '3' } })).toEqual([]);
    expect(await found({ metadata: { tag, none: null } })).toEqual([]);
  });

  test('by status, by values, by ids; a thread without values is not one with any', async () => {
    expect(await found({ status: 'interrupted' })).toEqual([ids[1]]);
    expect(await found({ status: 'error' })).toEqual([ids[2]]);
    expect(await found({ status: 'busy' })).toEqual([]);
    expect(await found({ values: { n: 42 } })).toEqual([ids[0]]);
    expect(await found({ ids: [ids[4], ids[0], NONE] })).toEqual([ids[4], ids[0]]);
    expect(await found({ ids: [] })).toEqual([]);
    expect(await server.client.threads.count({ metadata: { tag } })).toBe(5);
    expect(await server.client.threads.count({ metadata: { tag }, status: 'idle' })).toBe(3);
    expect((await server.send('POST', '/threads/count', { ids: [ids[1]] })).body).toBe(1);
  });

  test('pages: what is told of the whole and of the next', async () => {
    const page = async (limit: number, offset: number) => {
      const { body, headers } = await server.send('POST', '/threads/search', { metadata: { tag }, limit, offset });
      return [(body as unknown[]).length, headers.get('x-pagination-total'), headers.get('x-pagination-next')];
    };
    expect(await page(2, 0)).toEqual([2, '5', '2']);
    expect(await page(2, 2)).toEqual([2, '5', '4']);
    expect(await page(2, 4)).toEqual([1, '5', null]);
    expect(await page(5, 0)).toEqual([5, '5', null]);
    expect(await page(2, 9)).toEqual([0, '5', null]);
  });

  test('sorted by each column, both ways', async () => {
    for (const sort_by of ['thread_id', 'status', 'created_at', 'updated_at', 'state_updated_at']) {
      const up = await found({ sort_by, sort_order: 'asc' });
      const down = await found({ sort_by, sort_order: 'desc' });
      expect([sort_by, up.toSorted()]).toEqual([sort_by, ids.toSorted()]);
      expect([sort_by, down]).toEqual([sort_by, up.toReversed()]);
    }
    expect(await found({ sort_by: 'thread_id', sort_order: 'asc' })).toEqual(ids.toSorted());
    expect((await found({ sort_by: 'updated_at' }))[0]).toBe(ids[2]);
  });

  test('select and extract', async () => {
    const { body } = await server.send('POST', '/threads/search', {
      ids: [ids[0]],
      select: ['thread_id', 'status'],
      extract: { last: 'values.log[-1]', first: 'values.log[0]', index: 'metadata.index', none: 'values.constructor.name' },
    });
    expect(body).toEqual([{ thread_id: ids[0], status: 'idle', extracted: { last: 'two', first: 'one', index: 0, none: null } }]);
    expect((await server.send('GET', `/threads/${ids[0]}?select=thread_id,status`)).body).toEqual({ thread_id: ids[0], status: 'idle' });
  });
});

describe('patch', () => {
  test('merges metadata; Prefer: return=minimal answers without a body', async () => {
    const { thread_id } = await threads().create({ metadata: { a: 1, b: { c: 2 } } });
    const patched = await threads().update(thread_id, { metadata: { b: 3, d: 4 } });
    expect(patched.metadata).toEqual({ a: 1, b: 3, d: 4 });
    const minimal = await server.send('PATCH', `/threads/${thread_id}`, { metadata: { e: 5 } }, { prefer: 'return=minimal' });
    expect([minimal.status, minimal.body]).toEqual([204, '']);
    expect((await threads().get(thread_id)).metadata).toEqual({ a: 1, b: 3, d: 4, e: 5 });
    expect((await server.send('PATCH', `/threads/${NONE}`, { metadata: {} })).status).toBe(404);
  });

  test('the metadata index follows: the old value is not found any more', async () => {
    const old = randomUUID();
    const { thread_id } = await threads().create({ metadata: { colour: old } });
    await threads().update(thread_id, { metadata: { colour: `${old}-new` } });
    expect(await threads().count({ metadata: { colour: old } })).toBe(0);
    expect(await threads().count({ metadata: { colour: `${old}-new` } })).toBe(1);
    await threads().delete(thread_id);
    expect(await threads().count({ metadata: { colour: `${old}-new` } })).toBe(0);
  });
});

describe('copy', () => {
  test('has the history and the question, and goes its own way', async () => {
    const { thread_id } = await threads().create({ metadata: { owner: 'ada' } });
    await server.client.runs.wait(thread_id, 'ask', { input: { n: 1 } });
    const copy = await threads().copy(thread_id);
    const copied = await threads().get(copy.thread_id);
    expect(copied).toMatchObject({ status: 'interrupted', metadata: { owner: 'ada', graph_id: 'ask' }, values: { n: 1 } });
    expect(copied.interrupts).toEqual((await threads().get(thread_id)).interrupts);
    const [original, twin] = await Promise.all([threads().getHistory(thread_id), threads().getHistory(copy.thread_id)]);
    expect(twin.map((one) => one.checkpoint.checkpoint_id)).toEqual(original.map((one) => one.checkpoint.checkpoint_id));
    expect(twin.every((one) => one.checkpoint.thread_id === copy.thread_id)).toBe(true);
    expect(JSON.stringify(twin)).not.toContain(thread_id);
    const on = await server.client.runs.wait(copy.thread_id, 'ask', { command: { resume: 'yes' } });
    expect(Object(on)['log']).toEqual(['first:"yes"']);
    expect((await threads().getState(thread_id)).next).toEqual(['first']);
    expect(await server.client.runs.list(copy.thread_id)).toHaveLength(1);
  });

  test('of a thread at a breakpoint is at the breakpoint; of none: 404', async () => {
    const { thread_id } = await threads().create();
    await server.client.runs.wait(thread_id, 'two', { input: {}, interruptBefore: ['two'] });
    expect((await threads().get(thread_id)).status).toBe('interrupted');
    const copy = await threads().copy(thread_id);
    expect((await threads().get(copy.thread_id)).status).toBe('interrupted');
    expect(refusal(await server.send('POST', `/threads/${NONE}/copy`))).toEqual({
      status: 404,
      detail: `Thread with ID ${NONE} not found`,
    });
  });
});

describe('prune and delete', () => {
  test('keep_latest keeps the state and one checkpoint; delete removes; unknown ids are passed over', async () => {
    const { thread_id } = await threads().create();
    await server.client.runs.wait(thread_id, 'two', { input: { n: 1 } });
    const keep = await server.send('POST', '/threads/prune', { thread_ids: [thread_id, NONE], strategy: 'keep_latest' });
    expect(keep.body).toEqual({ pruned_count: 1 });
    expect(await threads().getHistory(thread_id)).toHaveLength(1);
    expect((await threads().getState<{ n: number }>(thread_id)).values.n).toBe(3);
    expect(await server.client.threads.prune([thread_id])).toEqual({ pruned_count: 1 });
    expect((await server.send('GET', `/threads/${thread_id}`)).status).toBe(404);
  });

  test('a deleted thread is gone with its runs, events and checkpoints; its running run stops, and the server lives', async () => {
    const { thread_id } = await threads().create();
    const run = await server.client.runs.create(thread_id, 'slow', { input: {}, config: { configurable: { ms: 100, steps: 1000 } } });
    await reached(server, thread_id, run.run_id, 'running');
    expect((await server.send('DELETE', `/threads/${thread_id}`)).status).toBe(204);
    for (const path of ['', '/state', '/history', '/runs', `/runs/${run.run_id}`, `/runs/${run.run_id}/stream`])
      expect([path, (await server.send('GET', `/threads/${thread_id}${path}`)).status]).toEqual([path, 404]);
    await threads().create({ threadId: thread_id });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await threads().getHistory(thread_id)).toEqual([]);
    expect((await threads().get(thread_id)).status).toBe('idle');
    expect((await server.send('DELETE', `/threads/${NONE}`)).status).toBe(404);
  });
});

describe('bad input', () => {
  test('unknown fields and wrong types: 422 naming the field', async () => {
    const cases: [string, string, unknown, string][] = [
      ['POST', '/threads', { metdata: {} }, '"metdata"'],
      ['POST', '/threads', { thread_id: 'mine' }, 'body.thread_id'],
      ['POST', '/threads', { metadata: [] }, 'body.metadata'],
      ['POST', '/threads', { if_exists: 'replace' }, 'body.if_exists'],
      ['POST', '/threads', { ttl: -1 }, 'body.ttl'],
      ['POST', '/threads/search', { limit: 0 }, 'body.limit'],
      ['POST', '/threads/search', { limit: 1001 }, 'body.limit'],
      ['POST', '/threads/search', { offset: -1 }, 'body.offset'],
      ['POST', '/threads/search', { sort_by: 'metadata; DROP' }, 'body.sort_by'],
      ['POST', '/threads/search', { status: 'asleep' }, 'body.status'],
      ['POST', '/threads/search', { ids: ['x'] }, 'body.ids'],
      ['POST', '/threads/count', { limit: 1 }, '"limit"'],
      ['POST', '/threads/prune', { thread_ids: [] }, 'body.thread_ids'],
      ['POST', '/threads/prune', { thread_ids: [NONE], strategy: 'all' }, 'body.strategy'],
      ['PATCH', `/threads/${NONE}`, { values: {} }, '"values"'],
      ['GET', '/threads/not-a-uuid', undefined, 'thread_id must be a UUID'],
      ['DELETE', '/threads/..%2f..', undefined, 'thread_id must be a UUID'],
      ['GET', `/threads/${NONE}?inclde=ttl`, undefined, '"inclde"'],
    ];
    for (const [method, path, body, named] of cases) {
      const told = refusal(await server.send(method, path, body));
      expect([path, body, told.status, told.detail]).toEqual([path, body, 422, expect.stringContaining(named)]);
    }
  });

  test('metadata of any keys and values is kept and searched, and breaks no statement', async () => {
    const odd = {
      "o'brien": 'x"y',
      'a.b': 1,
      'a"]': 2,
      '': 3,
      $eq: 'z',
      ключ: 'значение',
      n: null,
      big: 1e300,
      list: [1, [2]],
      zero: '\u0000',
    };
    const { thread_id } = await threads().create({ metadata: odd });
    expect((await threads().get(thread_id)).metadata).toEqual(odd);
    for (const [key, value] of Object.entries(odd)) {
      const answer = await server.send('POST', '/threads/search', { metadata: { [key]: value } });
      expect([key, answer.status, (answer.body as { thread_id: string }[]).map((one) => one.thread_id)]).toEqual([key, 200, [thread_id]]);
    }
  });

  test('wrong JSON 400, too long 413, another media type 415, __proto__ 422', async () => {
    expect((await server.send('POST', '/threads', '{"a":')).status).toBe(400);
    expect((await server.send('POST', '/threads', { metadata: { a: 'x'.repeat(21 * 1024 * 1024) } })).status).toBe(413);
    expect((await server.send('POST', '/threads', '{}', { 'content-type': 'application/xml' })).status).toBe(415);
    expect((await server.send('POST', '/threads', '{"metadata":{"__proto__":{"a":1}}}')).status).toBe(422);
    expect((await server.send('POST', '/threads', '{"metadata":{"a":1}}', { 'content-type': 'text/plain;charset=UTF-8' })).status).toBe(
      200,
    );
  });
});
