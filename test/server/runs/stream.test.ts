/** The event stream of a run: every mode, dense ids, joins and cuts, and the end. */
import { Client } from '@langchain/langgraph-sdk';
import { describe, expect, test } from 'vitest';
import { SHAPES, server, shapes, startBoth } from '../both.ts';
import { startServer } from '../serving.ts';
import { all, frames, type Told } from '../sse.ts';

startBoth();

const names = (told: readonly Told[]): string[] => told.map((one) => one.event);
const of = (told: readonly Told[], event: string): unknown[] => told.filter((one) => one.event === event).map((one) => one.data);
const raw = async (path: string, init?: RequestInit): Promise<{ response: Response; text: string }> => {
  const response = await fetch(`${server.url}${path}`, init);
  return { response, text: await response.text() };
};
const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('modes', () => {
  test('each mode that a two-node graph has, together, in order, with dense ids', async () => {
    const told = await all(
      server.client.runs.stream(null, 'two', { input: { n: 1 }, streamMode: ['values', 'updates', 'tasks', 'checkpoints', 'debug'] }),
    );
    expect(told.map((one) => Number(one.id))).toEqual(told.map((_one, index) => index));
    expect(told[0]).toMatchObject({ event: 'metadata', data: { attempt: 1, run_id: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    expect(of(told, 'values')).toEqual([
      { n: 1, log: [] },
      { n: 2, log: ['one'] },
      { n: 3, log: ['one', 'two'] },
    ]);
    expect(of(told, 'updates')).toEqual([{ one: { n: 2, log: ['one'] } }, { two: { n: 3, log: ['two'] } }]);
    const tasks = of(told, 'tasks') as Record<string, unknown>[]; // their members are asserted
    expect(tasks).toHaveLength(4);
    expect(tasks[0]).toMatchObject({ name: 'one', input: { n: 1 } });
    expect(tasks[1]).toMatchObject({ name: 'one', interrupts: [] });
    expect(of(told, 'checkpoints').map((one) => Object.keys(one as object).toSorted())).toEqual(
      [1, 2, 3, 4].map(() => ['metadata', 'next', 'values']),
    );
    expect(of(told, 'checkpoints').map((one) => (one as { next: unknown }).next)).toEqual([['__start__'], ['one'], ['two'], []]);
  });

  test('debug carries what Studio draws its timeline from, and no internals', async () => {
    const told = await all(server.client.runs.stream(null, 'two', { input: {}, streamMode: 'debug' }));
    const debug = of(told, 'debug') as { type: string; payload: Record<string, unknown> }[]; // LangGraph's own form
    expect([...new Set(debug.map((one) => one.type))].toSorted()).toEqual(['checkpoint', 'task', 'task_result']);
    const checkpoints = debug.filter((one) => one.type === 'checkpoint');
    const second = checkpoints[1]?.payload ?? {};
    expect(Object.keys(second)).toEqual(
      expect.arrayContaining(['checkpoint', 'parent_checkpoint', 'config', 'parent_config', 'tasks', 'values', 'next', 'metadata']),
    );
    expect(second['checkpoint']).toMatchObject({ checkpoint_ns: '', checkpoint_id: expect.any(String), thread_id: expect.any(String) });
    expect(second['parent_checkpoint']).toEqual(checkpoints[0]?.payload['checkpoint']);
    expect(second).not.toHaveProperty('parentConfig');
    expect(JSON.stringify(debug.map((one) => one.payload['config']))).not.toContain('"__');
    expect(JSON.stringify(debug)).not.toContain('callbacks');
  });

  test('subgraphs: events of the inner graph are named mode|namespace; without them only the outer ones are told', async () => {
    const deep = await all(
      server.client.runs.stream(null, 'outer', { input: {}, streamMode: ['values', 'updates', 'custom'], streamSubgraphs: true }),
    );
    const inner = names(deep).filter((name) => name.includes('|'));
    expect(inner.length).toBeGreaterThan(0);
    for (const name of inner) expect(name).toMatch(/^(values|updates|custom)\|inner:[0-9a-f-]{36}$/);
    expect(names(deep).filter((name) => name.startsWith('custom'))).toHaveLength(1);
    expect(deep.find((one) => one.event.startsWith('custom|'))?.data).toEqual({ hello: 'from the deep' });
    const flat = await all(server.client.runs.stream(null, 'outer', { input: {}, streamMode: ['values', 'updates'] }));
    expect(names(flat).filter((name) => name.includes('|'))).toEqual([]);
  });

  test('messages-tuple: each token with its metadata', async () => {
    const told = await all(
      server.client.runs.stream(null, 'chat', { input: { messages: [{ role: 'human', content: 'hey' }] }, streamMode: 'messages-tuple' }),
    );
    const parts = of(told, 'messages') as [{ content: string; type: string; id: string }, Record<string, unknown>][]; // LangGraph's own form
    expect(new Set(names(told))).toEqual(new Set(['metadata', 'messages']));
    expect(parts.map(([message]) => message.content).join('')).toBe('you said: hey');
    expect(parts.length).toBeGreaterThan(5);
    expect(new Set(parts.map(([message]) => message.id)).size).toBe(1);
    expect(parts[0]?.[0].type).toBe('ai');
    expect(parts[0]?.[1]).toMatchObject({ langgraph_node: 'model', graph_id: 'chat' });
  });

  test('messages: metadata once, partial messages that grow, then the complete ones, as the official server tells them', async () => {
    const told = await all(
      server.client.runs.stream(null, 'chat', {
        input: { messages: [{ role: 'human', content: 'hey', id: 'm1' }] },
        streamMode: 'messages',
      }),
    );
    const partial = of(told, 'messages/partial') as { content: string; type: string; id: string }[][]; // a list of one
    const id = partial[0]?.[0]?.id ?? '';
    expect(of(told, 'messages/metadata')).toEqual([{ [id]: { metadata: expect.objectContaining({ langgraph_node: 'model' }) } }]);
    expect(partial.map(([one]) => one?.content)).toEqual(Array.from('you said: hey', (_, index) => 'you said: hey'.slice(0, index + 1)));
    const complete = of(told, 'messages/complete') as { content: string; type: string }[][]; // messages
    expect(complete.flat().map((one) => [one.type, one.content])).toEqual([
      ['human', 'hey'],
      ['ai', 'you said: hey'],
    ]);
    expect(names(told).indexOf('messages/metadata')).toBeLessThan(names(told).indexOf('messages/partial'));
    expect(names(told).lastIndexOf('messages/complete')).toBeGreaterThan(names(told).lastIndexOf('messages/partial'));
    expect(names(told)).not.toContain('values');
  });

  test('messages of a model in a subgraph are told token by token where subgraphs are asked for, and whole everywhere', async () => {
    for (const streamSubgraphs of [false, true]) {
      const told = await all(
        shapes.client.runs.stream(null, 'nested', {
          input: { messages: [{ role: 'human', content: 'hey' }] },
          streamMode: ['messages', 'messages-tuple'],
          streamSubgraphs,
        }),
      );
      const partial = of(told, 'messages/partial') as { content: string }[][]; // a list of one
      expect([streamSubgraphs, partial.map(([one]) => one?.content)]).toEqual([streamSubgraphs, streamSubgraphs ? ['a', 'ab', 'abc'] : []]);
      const tuples = told
        .filter((one) => /^messages(\||$)/.test(one.event))
        .map((one) => (one.data as [{ content: string; type: string }])[0]); // tuples
      expect(
        tuples
          .filter((one) => one.type === 'ai')
          .map((one) => one.content)
          .join(''),
      ).toBe('abc');
      // A whole message is complete once, whichever namespace shows it first.
      expect((of(told, 'messages/complete').flat() as { type: string }[]).map((one) => one.type)).toEqual(['human', 'ai']); // messages
    }
  });

  test('events: what happens inside, with the values that were asked for among it', async () => {
    const told = await all(server.client.runs.stream(null, 'two', { input: { n: 1 }, streamMode: ['events', 'values'] }));
    const events = of(told, 'events') as { event: string; name: string }[]; // LangChain's own
    expect(events.map((one) => one.event)).toEqual(expect.arrayContaining(['on_chain_start', 'on_chain_end']));
    expect(of(told, 'values')).toEqual([
      { n: 1, log: [] },
      { n: 2, log: ['one'] },
      { n: 3, log: ['one', 'two'] },
    ]);
    expect(told.map((one) => Number(one.id))).toEqual(told.map((_one, index) => index));
    const only = await all(server.client.runs.stream(null, 'two', { input: { n: 1 }, streamMode: 'events' }));
    expect(new Set(names(only))).toEqual(new Set(['metadata', 'events']));
  });

  test('events and messages together: tokens are told in the forms that were asked for', async () => {
    const told = await all(
      server.client.runs.stream(null, 'chat', {
        input: { messages: [{ role: 'human', content: 'a' }] },
        streamMode: ['events', 'messages-tuple'],
      }),
    );
    expect(
      of(told, 'messages')
        .map((one) => (one as [{ content: string }])[0].content)
        .join(''),
    ).toBe('you said: a');
    expect((of(told, 'events') as { event: string }[]).map((one) => one.event)).toContain('on_chat_model_stream');
  });

  test('values without a mode; an interrupt is a values event with __interrupt__; a breakpoint tells an empty list', async () => {
    const { thread_id } = await server.client.threads.create();
    const plain = await server.send('POST', `/threads/${thread_id}/runs/stream`, { assistant_id: 'ask', input: {} });
    const told = frames(String(plain.body));
    expect(told.map((one) => one.event)).toEqual(['metadata', 'values']);
    expect(told.at(-1)?.data).toMatchObject({ __interrupt__: [{ id: expect.any(String), value: { question: 'first?' } }] });
    const breaks = await all(
      server.client.runs.stream(null, 'two', { input: {}, streamMode: ['values', 'updates'], interruptBefore: ['two'] }),
    );
    expect(
      breaks
        .filter((one) => JSON.stringify(one.data).includes('__interrupt__'))
        .map((one) => (one.data as { __interrupt__: unknown }).__interrupt__),
    ).toEqual(expect.arrayContaining([[]]));
  });

  test('a failure is the last event: the class name and the message', async () => {
    const told = await all(server.client.runs.stream(null, 'fails', { input: {}, streamMode: 'updates' }));
    expect(names(told)).toEqual(['metadata', 'updates', 'error']);
    expect(told.at(-1)?.data).toEqual({ error: 'QuotaError', message: 'no more today' });
  });

  test('a value that no JSON can hold fails the run, and leaves no thread stuck', async () => {
    const { thread_id } = await shapes.client.threads.create();
    const told = await all(shapes.client.runs.stream(thread_id, 'big', { input: {} }));
    expect(told.at(-1)).toMatchObject({ event: 'error', data: { message: expect.stringContaining('circular') } });
    const thread = await shapes.client.threads.get(thread_id);
    expect(thread.status).toBe('error');
  });
});

describe('joins', () => {
  test('headers say where the stream is, how to come back, and keep proxies from holding it', async () => {
    const { thread_id } = await server.client.threads.create();
    const { response, text } = await raw(`/threads/${thread_id}/runs/stream`, post({ assistant_id: 'two', input: {} }));
    const runId = (frames(text)[0]?.data as { run_id: string } | undefined)?.run_id ?? ''; // the first event's form
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('content-location')).toBe(`/threads/${thread_id}/runs/${runId}`);
    expect(response.headers.get('location')).toBe(`/threads/${thread_id}/runs/${runId}/stream`);
    expect(response.headers.get('cache-control')).toContain('no-cache');
    const wait = await fetch(`${server.url}/threads/${thread_id}/runs/wait`, post({ assistant_id: 'two', input: {} }));
    expect(wait.headers.get('location')).toMatch(new RegExp(`^/threads/${thread_id}/runs/[0-9a-f-]{36}/join$`));
    expect(text).toMatch(/^event: metadata\ndata: \{.*\}\nid: 0\n\n/);
    expect(text).not.toContain('event: end');
  });

  test('stateless: the places have no thread, and can be joined', async () => {
    const { response, text } = await raw('/runs/stream', post({ assistant_id: 'two', input: {} }));
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/^\/runs\/[0-9a-f-]{36}\/stream$/);
    expect((await raw(location)).text).toBe(text);
    const runId = location.split('/')[2] ?? '';
    expect(await (await fetch(`${server.url}/runs/${runId}/wait`)).json()).toEqual({ n: 2, log: ['one', 'two'] });
    expect(await all(server.client.runs.joinStream(null, runId))).toHaveLength(frames(text).length);
  });

  test('a finished run replays from any place and ends at once: "-1", "-", none, mid, the last, beyond it', async () => {
    const { thread_id } = await server.client.threads.create();
    const run = await server.client.runs.create(thread_id, 'two', { input: { n: 1 }, streamMode: ['values', 'updates'] });
    await server.client.runs.join(thread_id, run.run_id);
    const path = `/threads/${thread_id}/runs/${run.run_id}/stream`;
    const ids = async (last: string | undefined) => {
      const { text } = await raw(path, last === undefined ? {} : { headers: { 'last-event-id': last } });
      return frames(text).map((one) => one.id);
    };
    expect(await ids(undefined)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await ids('-1')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await ids('-')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await ids('2')).toEqual([3, 4, 5]);
    expect(await ids('5')).toEqual([]);
    expect(await ids('99')).toEqual([]);
    expect((await server.send('GET', path, undefined, { 'last-event-id': 'one; DROP' })).status).toBe(422);
    const sdk = await all(server.client.runs.joinStream(thread_id, run.run_id, { lastEventId: '3' }));
    expect(sdk.map((one) => one.id)).toEqual(['4', '5']);
  });

  test('stream_mode on a join narrows what is told, and the ids keep their places', async () => {
    const { thread_id } = await server.client.threads.create();
    const input = { messages: [{ role: 'human', content: 'hey' }] };
    const run = await server.client.runs.create(thread_id, 'chat', {
      input,
      streamMode: ['values', 'updates', 'messages', 'messages-tuple'],
    });
    await server.client.runs.join(thread_id, run.run_id);
    const join = async (streamMode: never) =>
      new Set(names(await all(server.client.runs.joinStream(thread_id, run.run_id, { streamMode }))));
    expect(await join('updates' as never)).toEqual(new Set(['metadata', 'updates'])); // SDK types only
    expect(await join(['values', 'updates'] as never)).toEqual(new Set(['metadata', 'values', 'updates'])); // SDK types only
    expect(await join('messages-tuple' as never)).toEqual(new Set(['metadata', 'messages'])); // SDK types only
    expect(await join('messages' as never)).toEqual(new Set(['metadata', 'messages/metadata', 'messages/partial', 'messages/complete'])); // SDK types only
    const wrong = await server.send('GET', `/threads/${thread_id}/runs/${run.run_id}/stream?stream_mode=everything`);
    expect(wrong.status).toBe(422);
  });

  test('twenty readers who come at any moment all see every event once; the run is not held back by one that does not read', async () => {
    const { thread_id } = await shapes.client.threads.create();
    const run = await shapes.client.runs.create(thread_id, 'tick', {
      input: {},
      streamMode: 'custom',
      config: { configurable: { count: 60, ms: 2 } },
    });
    const lazy = new AbortController();
    const idle = await fetch(`${shapes.url}/threads/${thread_id}/runs/${run.run_id}/stream`, { signal: lazy.signal });
    const readers = Array.from({ length: 20 }, async (_one, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 8));
      return all(shapes.client.runs.joinStream(thread_id, run.run_id));
    });
    for (const told of await Promise.all(readers)) {
      expect(told.map((one) => Number(one.id))).toEqual(Array.from({ length: 61 }, (_one, index) => index));
      expect(told.slice(1).map((one) => (one.data as { index: number }).index)).toEqual(Array.from({ length: 60 }, (_one, index) => index));
    }
    lazy.abort();
    await idle.body?.cancel().catch(() => undefined);
  });

  test('readers who leave are forgotten: no stream stays counted as open', async () => {
    const { thread_id } = await server.client.threads.create();
    const run = await server.client.runs.create(thread_id, 'slow', { input: {}, config: { configurable: { ms: 20_000 } } });
    const leave = new AbortController();
    const open = await Promise.all(
      Array.from({ length: 5 }, () => fetch(`${server.url}/threads/${thread_id}/runs/${run.run_id}/stream`, { signal: leave.signal })),
    );
    expect(open.map((one) => one.status)).toEqual([200, 200, 200, 200, 200]);
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^\S*streams\S* (\d+)$/m.exec(text)?.[1]);
    };
    await expect.poll(count).toBe(5);
    leave.abort();
    await expect.poll(count, { timeout: 5000 }).toBe(0);
    await server.client.runs.cancel(thread_id, run.run_id, true);
  });

  test('a quiet stream says that it lives, between frames, and so does a run that waits for its turn', async () => {
    const quiet = await startServer({ limits: { heartbeatMs: 40 } });
    const { thread_id } = await quiet.client.threads.create();
    const run = await quiet.client.runs.create(thread_id, 'slow', { input: {}, config: { configurable: { ms: 300, steps: 1 } } });
    const next = await quiet.client.runs.create(thread_id, 'two', { input: {} });
    for (const runId of [run.run_id, next.run_id]) {
      const text = await (await fetch(`${quiet.url}/threads/${thread_id}/runs/${runId}/stream`)).text();
      if (runId === run.run_id) expect(text.split(': heartbeat\n\n').length).toBeGreaterThan(3);
      expect(text.replaceAll(': heartbeat\n\n', '')).toMatch(/^(event: \S+\ndata: .*\nid: \d+\n\n)+$/);
    }
    await quiet.stop();
  });

  test('the official client, cut off in the middle, comes back by itself and tells each event once', async () => {
    const { thread_id } = await shapes.client.threads.create();
    let cuts = 0;
    const cutting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (cuts >= 1 || response.body === null || !/text\/event-stream/.test(response.headers.get('content-type') ?? '')) return response;
      cuts += 1;
      let bytes = 0;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          bytes += chunk.length;
          controller.enqueue(chunk);
          if (bytes > 600) controller.error(new TypeError('terminated'));
        },
      });
      return new Response(response.body.pipeThrough(cut), response);
    };
    const client = new Client({ apiUrl: shapes.url, apiKey: null, callerOptions: { maxRetries: 0, fetch: cutting } });
    const told = await all(
      client.runs.stream(thread_id, 'tick', { input: {}, streamMode: 'custom', config: { configurable: { count: 40, ms: 5 } } }),
    );
    expect(cuts).toBeGreaterThan(0);
    expect(told.map((one) => Number(one.id))).toEqual(Array.from({ length: 41 }, (_one, index) => index));
    expect(await shapes.client.runs.list(thread_id)).toHaveLength(1);
  });

  test('a run keeps its last events up to a size; who comes later gets those, by their own ids', async () => {
    const small = await startServer({ config: SHAPES, limits: { runEventBytes: 200 } });
    const { thread_id } = await small.client.threads.create();
    const run = await small.client.runs.create(thread_id, 'tick', {
      input: {},
      streamMode: 'custom',
      config: { configurable: { count: 100 } },
    });
    await small.client.runs.join(thread_id, run.run_id);
    const ids = (await all(small.client.runs.joinStream(thread_id, run.run_id))).map((one) => Number(one.id));
    expect(ids.at(-1)).toBe(100);
    expect(ids.length).toBeLessThan(40);
    expect(ids).toEqual(ids.map((_one, index) => (ids[0] ?? 0) + index));
    await small.stop();
  });

  test('a run that is not there: 404, and no stream of heartbeats', async () => {
    const { thread_id } = await server.client.threads.create();
    const none = '00000000-0000-4000-8000-000000000000';
    for (const end of ['stream', 'join']) expect((await server.send('GET', `/threads/${thread_id}/runs/${none}/${end}`)).status).toBe(404);
    expect((await server.send('GET', `/runs/${none}/stream`)).status).toBe(404);
    expect((await server.send('GET', `/runs/nothing/stream`)).status).toBe(422);
  });

  test('a stream ends within 25 ms or so of its last event', async () => {
    const { thread_id } = await server.client.threads.create();
    const gaps: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      let last = 0;
      for await (const _event of server.client.runs.stream(thread_id, 'two', { input: {} })) last = performance.now();
      gaps.push(performance.now() - last);
    }
    expect(gaps.toSorted((a, b) => a - b)[2]).toBeLessThan(250);
  });
});
