/** Protocol v2 over HTTP with the official SDK: runs, answers, state and tree, and what is refused in the protocol's words. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { fresh, NONE, server, startBoth } from '../both.ts';
import { issueKey } from '../issue-key.ts';
import { ALL, asked, command, isOver, openStream, roots } from '../protocol-client.ts';
import { startServer } from '../serving.ts';

startBoth();

const start = (threadId: string, params: object) => command(server.url, threadId, 'run.start', { params });
const respond = (threadId: string, params: object) => command(server.url, threadId, 'input.respond', { params });

test('a Command as the input of run.start is that command, and one with a member that no Command has is refused', async () => {
  const { thread_id: id } = await server.client.threads.create();
  await server.client.runs.wait(id, 'ask', { input: { n: 41 } });
  const of = (input: object) => start(id, { assistant_id: 'ask', input });
  const refused = await of({ lg_name: 'Command', resume: 'a', colour: 'red' });
  expect(refused.body).toMatchObject({ error: 'invalid_argument', message: expect.stringMatching(/params.input.*"colour"/) });
  for (const resume of ['a', 'b']) {
    const started = await of({ lg_name: 'Command', resume, goto: [] });
    await server.client.runs.join(id, Object(started.body).result.run_id);
  }
  expect((await server.client.threads.getState(id)).values).toMatchObject({ log: ['first:"a"', 'second:"b"'] });
});

test('the SDK starts a run on a thread of its own, answers twice, and reads values, state and tree of one stream', async () => {
  const thread = server.client.threads.stream({ assistantId: 'ask' });
  const events = await thread.subscribe({ channels: ['lifecycle', 'values', 'input'] });
  const seen: string[] = [];
  const drain = async () => {
    for await (const { method, params } of events) {
      const { event } = params.data as { event?: string }; // lifecycle's
      seen.push(method === 'lifecycle' ? String(event) : method);
    }
  };
  const { run_id } = await thread.run.start({ input: { n: 41 } });
  await drain();
  expect(thread.interrupted).toBe(true);
  expect(thread.interrupts).toMatchObject([{ payload: { question: 'first?' }, namespace: [] }]);
  for (const response of ['a', 'b']) {
    const [question] = thread.interrupts;
    await thread.input.respond({ namespace: [], interrupt_id: question?.interruptId ?? '', response });
    await drain();
  }
  expect(seen.filter((one) => one !== 'values')).toEqual([
    ...['running', 'input.requested', 'interrupted'],
    ...['running', 'input.answered', 'input.requested', 'interrupted'],
    ...['running', 'input.answered', 'completed'],
  ]);
  expect(await thread.state.get({ namespace: [], keys: ['log'] })).toEqual({
    values: { log: ['first:"a"', 'second:"b"'] },
    checkpoint: { id: expect.any(String), ns: '' },
  });
  expect(await thread.agent.getTree()).toEqual({ tree: { namespace: [], status: 'completed', graph_name: 'ask' } });
  expect(await thread.agent.getTree({ run_id: String(run_id) })).toMatchObject({ tree: { status: 'interrupted' } });
  await thread.close();
});

test('subgraphs have their lifecycle, their place in the tree, and named custom events their channel', async () => {
  const id = randomUUID();
  const stream = openStream(server.url, id);
  expect(await start(id, { assistant_id: 'outer', input: { n: 1 } })).toMatchObject({
    status: 200,
    body: { type: 'success', result: { run_id: expect.any(String) }, meta: { thread_id: id } },
  });
  await stream.until(isOver, 'the end');
  const inner = stream.events.filter((one) => one.method === 'lifecycle' && one.params.namespace.length === 1);
  expect(inner.map((one) => one.params.data)).toEqual([
    { event: 'started', graph_name: 'inner' },
    { event: 'completed', graph_name: 'inner' },
  ]);
  const custom = stream.events.find((one) => one.method === 'custom');
  expect(custom?.params).toMatchObject({ namespace: [expect.stringMatching(/^inner:/)], data: { payload: { hello: 'from the deep' } } });
  const update = stream.events.find((one) => one.method === 'updates' && one.params.namespace.length === 0);
  expect(update?.params).toMatchObject({ node: 'inner', data: { log: ['deep'] } });
  expect((await command(server.url, id, 'agent.getTree')).body['result']).toEqual({
    tree: {
      namespace: [],
      status: 'completed',
      graph_name: 'outer',
      children: [{ namespace: [expect.stringMatching(/^inner:/)], status: 'completed', graph_name: 'inner' }],
    },
  });
  stream.close();
});

test('messages of a model come in blocks, and a failed run says why', async () => {
  const id = randomUUID();
  const stream = openStream(server.url, id, { channels: ['messages', 'lifecycle'] });
  await start(id, { assistant_id: 'chat', input: { messages: [{ role: 'user', content: 'hi' }] } });
  await stream.until(isOver, 'the end');
  const messages = stream.events.filter((one) => one.method === 'messages').map((one) => one.params.data);
  expect(messages.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['message-start', 'content-block-start', 'content-block-delta', 'content-block-finish', 'message-finish']),
  );
  const text = messages.map(({ delta }) => (delta as { text?: string } | undefined)?.text ?? '').join(''); // a text delta
  expect(text).toContain('you said: hi');
  await start(id, { assistant_id: 'fails', input: {} });
  await stream.until((events) => roots(events).at(-1) === 'failed', 'the failure');
  expect(stream.events.at(-1)?.params.data).toEqual({ event: 'failed', graph_name: 'fails', error: 'no more today' });
  stream.close();
});

test('several interrupts are answered in one run, each by its id, with an update beside them', async () => {
  const id = randomUUID();
  const stream = openStream(server.url, id);
  await start(id, { assistant_id: 'ask', input: { n: 1 } });
  await stream.until((events) => asked(events).length === 1, 'the question');
  const [question = ''] = asked(stream.events);
  expect(
    await respond(id, { responses: [{ namespace: [], interrupt_id: question, response: 1 }], update: { log: ['told'] } }),
  ).toMatchObject({
    status: 200,
    body: { type: 'success', result: {} },
  });
  await stream.until((events) => asked(events).length === 2, 'the second question');
  expect((await command(server.url, id, 'state.get')).body).toMatchObject({ result: { values: { log: ['told', 'first:1'] } } });
  // The second answer jumps to the end.
  await respond(id, { namespace: [], interrupt_id: asked(stream.events)[1], response: 0, goto: '__end__' });
  await stream.until((events) => roots(events).at(-1) === 'completed', 'the end');
  stream.close();
});

test('an input on a thread that waits is its answer; a fork goes on from the checkpoint that the config names', async () => {
  const id = randomUUID();
  const stream = openStream(server.url, id);
  await start(id, { assistant_id: 'ask', input: { n: 1 } });
  await stream.until(isOver, 'the question');
  await start(id, { assistant_id: 'ask', input: 'yes' });
  await stream.until((events) => asked(events).length === 2, 'the second question');
  expect((await command(server.url, id, 'state.get')).body).toMatchObject({ result: { values: { log: ['first:"yes"'] } } });
  const first = stream.events.find((one) => one.method === 'checkpoints')?.params.data['id'];
  await start(id, { assistant_id: 'ask', input: null, config: { configurable: { checkpoint_id: first } } });
  await stream.until((events) => asked(events).length === 3, 'the question again');
  expect(asked(stream.events)[2]).not.toBe(asked(stream.events)[1]);
  stream.close();
});

test('what is wrong with a command is said in the protocol’s words, and changes nothing', async () => {
  const id = await fresh();
  const cases: readonly [method: string, params: unknown, code: string, words: RegExp][] = [
    [
      'run.stop',
      {},
      'unknown_command',
      /"run.stop" is none of run.start, input.respond, state.get, state.listCheckpoints, state.fork, agent.getTree/,
    ],
    ['constructor', {}, 'unknown_command', /none of/],
    ['input.inject', {}, 'not_supported', /send run.start/],
    ['subscription.subscribe', { channels: ['values'] }, 'not_supported', /stream\/events is the subscription/],
    ['run.start', {}, 'invalid_argument', /run.start params.assistant_id/],
    ['run.start', { assistant_id: 'two', colour: 'red' }, 'invalid_argument', /unknown field "colour"/],
    ['run.start', { assistant_id: 'two', multitaskStrategy: 'maybe' }, 'invalid_argument', /multitaskStrategy/],
    ['input.respond', { response: 1 }, 'invalid_argument', /input.respond params/],
    ['input.respond', { responses: [] }, 'invalid_argument', /responses/],
    [
      'input.respond',
      { namespace: [], interrupt_id: 'x', response: 1 },
      'no_such_interrupt',
      /x does not wait; nothing waits for an answer; it is idle/,
    ],
    ['agent.getTree', {}, 'no_such_run', /no run was on it/],
    ['agent.getTree', { run_id: NONE }, 'no_such_run', /has no run/],
    ['state.get', { namespace: ['nowhere'] }, 'no_such_namespace', /nowhere/],
  ];
  for (const [method, params, code, words] of cases)
    expect(await command(server.url, id, method, { params }), method).toEqual({
      status: 200,
      body: { type: 'error', id: expect.any(Number), error: code, message: expect.stringMatching(words) },
    });
  expect(await server.client.runs.list(id)).toEqual([]);
  expect(await server.send('POST', `/threads/${id}/commands`, { id: -1, method: 'state.get' })).toMatchObject({ status: 422 });
  expect(await server.send('POST', `/threads/${id}/commands`, '{')).toMatchObject({ status: 400 });
});

test('an answer to another interrupt than the one that waits is refused, naming it', async () => {
  const id = randomUUID();
  const stream = openStream(server.url, id);
  await start(id, { assistant_id: 'ask', input: { n: 1 } });
  await stream.until(isOver, 'the question');
  const [question = ''] = asked(stream.events);
  const wrong = await respond(id, { namespace: [], interrupt_id: '0'.repeat(32), response: 1 });
  expect(wrong.body).toMatchObject({ error: 'no_such_interrupt', message: expect.stringContaining(`what waits is ${question}`) });
  const twice = { namespace: [], interrupt_id: question, response: 1 };
  expect((await respond(id, { responses: [twice, twice] })).body).toMatchObject({
    error: 'invalid_argument',
    message: expect.stringMatching(/once/),
  });
  expect(await server.client.runs.list(id)).toHaveLength(1);
  stream.close();
});

test('missing threads, missing assistants and conflicts keep their status, with the protocol’s members beside it', async () => {
  const id = await fresh();
  expect(await command(server.url, NONE, 'state.get')).toEqual({
    status: 404,
    body: {
      type: 'error',
      id: expect.any(Number),
      error: 'no_such_run',
      message: expect.stringMatching(/not found/),
      detail: expect.stringMatching(/not found/),
    },
  });
  expect(await start(id, { assistant_id: 'nobody', input: {} })).toMatchObject({
    status: 404,
    body: { message: expect.stringMatching(/No assistant found/) },
  });
  await start(id, { assistant_id: 'slow', input: {}, config: { configurable: { ms: 500, steps: 2 } } });
  expect(await start(id, { assistant_id: 'two', input: {}, multitask_strategy: 'reject' })).toMatchObject({
    status: 409,
    body: { type: 'error', message: expect.stringMatching(/already running/) },
  });
  await server.client.runs.cancel(id, String((await server.client.runs.list(id))[0]?.run_id), true);
});

test('a reader starts and answers nothing, and reads all; who may read nothing is refused', async () => {
  const own = await startServer();
  const { keys } = own.runtime.stores.served;
  const viewer = { 'x-api-key': (await issueKey(keys, { roles: ['viewer'], owner: 'service:viewer' })).key };
  const operator = { 'x-api-key': (await issueKey(keys, { roles: ['operator'], owner: 'service:op' })).key };
  const id = randomUUID();
  const stream = openStream(own.url, id, { channels: ALL }, viewer);
  const params = { assistant_id: 'ask', input: { n: 1 } };
  expect(await command(own.url, id, 'run.start', { params, headers: viewer })).toMatchObject({
    status: 403,
    body: { type: 'error', error: 'permission_denied', detail: expect.stringMatching(/service:viewer has viewer/) },
  });
  expect(await command(own.url, id, 'run.start', { params, headers: operator })).toMatchObject({ status: 200 });
  await stream.until(isOver, 'the question');
  const answer = { namespace: [], interrupt_id: asked(stream.events)[0], response: 1 };
  expect(await command(own.url, id, 'input.respond', { params: answer, headers: viewer })).toMatchObject({ status: 403 });
  expect(await command(own.url, id, 'state.get', { headers: viewer })).toMatchObject({ body: { type: 'success' } });
  expect(await command(own.url, id, 'state.get')).toMatchObject({ status: 401 });
  expect((await openStream(own.url, id).response).status).toBe(401);
  stream.close();
  await own.stop();
});
