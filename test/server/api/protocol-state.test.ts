/** Protocol v2 with the official SDK: the checkpoints of a thread, forks from them, and commands that are sent twice with one key. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { NONE, server, startBoth } from '../both.ts';
import { issueKey } from '../issue-key.ts';
import { command } from '../protocol-client.ts';
import { startServer } from '../serving.ts';

startBoth();

const ended = async (threadId: string, runId: unknown) => {
  await server.client.runs.join(threadId, String(runId));
};

/** A thread on which `two` has run, and its checkpoints. */
async function counted() {
  const { thread_id } = await server.client.threads.create();
  await server.client.runs.wait(thread_id, 'two', { input: { n: 40 } });
  const thread = server.client.threads.stream(thread_id, { assistantId: 'two' });
  return { thread_id, thread };
}

test('the checkpoints of a thread are listed newest first, a page at a time, and each can be read', async () => {
  const { thread_id, thread } = await counted();
  const { checkpoints } = await thread.state.listCheckpoints({});
  expect(checkpoints.map(({ step }) => step)).toEqual([2, 1, 0, -1]);
  for (const { id, timestamp, metadata } of checkpoints) {
    expect(Date.parse(timestamp)).toBeGreaterThan(Date.now() - 60_000);
    expect(metadata).toMatchObject({ source: expect.stringMatching(/^(input|loop)$/) });
    expect((await server.client.threads.getState(thread_id, id)).checkpoint.checkpoint_id).toBe(id);
  }
  const [, second] = checkpoints;
  const page = await thread.state.listCheckpoints({ limit: 2, before: second?.id ?? '' });
  expect(page.checkpoints).toEqual(checkpoints.slice(2));
  await thread.close();
});

test('a fork runs the same thread on from a checkpoint, with its input or without', async () => {
  const { thread_id, thread } = await counted();
  const { checkpoints } = await thread.state.listCheckpoints({});
  const afterOne = checkpoints.find(({ step }) => step === 1);
  const fork = await thread.state.fork({ checkpoint_id: afterOne?.id ?? '' });
  expect(fork).toEqual({ run_id: expect.any(String), thread_id });
  await ended(thread_id, fork.run_id);
  expect((await server.client.threads.getState<{ log: string[] }>(thread_id)).values).toMatchObject({ n: 42, log: ['one', 'two'] });
  expect((await server.client.threads.getHistory(thread_id, { limit: 100 })).length).toBeGreaterThan(checkpoints.length);
  const other = await thread.state.fork({ checkpoint_id: afterOne?.id ?? '', input: { n: 7 } });
  await ended(thread_id, other.run_id);
  expect((await server.client.threads.getState<{ log: string[] }>(thread_id)).values).toMatchObject({ n: 9 });
  await thread.close();
});

test('a fork from nowhere, of a thread that is not there or by who may only look, is refused', async () => {
  const { thread_id, thread } = await counted();
  const fork = (id: string, params: object, headers = {}) => command(server.url, id, 'state.fork', { params, headers });
  expect(await fork(thread_id, { checkpoint_id: NONE })).toMatchObject({
    status: 404,
    body: { type: 'error', message: expect.stringContaining(NONE) },
  });
  expect(await fork(thread_id, {})).toMatchObject({
    status: 200,
    body: { error: 'invalid_argument', message: expect.stringContaining('checkpoint_id') },
  });
  expect(await fork(NONE, { checkpoint_id: NONE })).toMatchObject({ status: 404 });
  expect(await command(server.url, NONE, 'state.listCheckpoints')).toMatchObject({ status: 404 });
  const { thread_id: empty } = await server.client.threads.create();
  expect(await fork(empty, { checkpoint_id: NONE })).toMatchObject({ body: { error: 'no_such_run' } });
  expect(await command(server.url, empty, 'state.listCheckpoints')).toMatchObject({ body: { result: { checkpoints: [] } } });
  await thread.close();
});

test('who may only look lists checkpoints, and forks none', async () => {
  const own = await startServer();
  const { thread_id } = await own.client.threads.create();
  await own.client.runs.wait(thread_id, 'two', { input: { n: 1 } });
  const params = { checkpoint_id: (await own.client.threads.getState(thread_id)).checkpoint.checkpoint_id };
  const { key } = await issueKey(own.runtime.stores.served.keys, { roles: ['viewer'] });
  const headers = { 'x-api-key': key };
  expect(await command(own.url, thread_id, 'state.fork', { params, headers })).toMatchObject({
    status: 403,
    body: { error: 'permission_denied' },
  });
  expect(await command(own.url, thread_id, 'state.listCheckpoints', { headers })).toMatchObject({ body: { type: 'success' } });
  await own.stop();
});

test('what a graph cannot do is said with what to do instead', async () => {
  const { thread_id } = await server.client.threads.create();
  expect(
    await command(server.url, thread_id, 'input.inject', { params: { namespace: [], message: { role: 'user', content: 'x' } } }),
  ).toMatchObject({
    body: { error: 'not_supported', message: expect.stringContaining('takes no message while it runs; send run.start') },
  });
});

test('a command that is sent again with its key is done once and answered alike; with another body it is refused', async () => {
  const threadId = randomUUID();
  const send = (id: number, method: string, params: object, key: string) =>
    server.send('POST', `/threads/${threadId}/commands`, { id, method, params }, { 'idempotency-key': key });
  const start = () => send(1, 'run.start', { assistant_id: 'ask', input: { n: 1 } }, 'start');
  const [first, again] = [await start(), await start()];
  expect(first).toMatchObject({ status: 200, body: { type: 'success' } });
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await send(1, 'run.start', { assistant_id: 'ask', input: { n: 2 } }, 'start')).toMatchObject({ status: 422 });
  const { run_id } = (first.body as { result: { run_id: string } }).result;
  await ended(threadId, run_id);
  const { interrupts } = await server.client.threads.get(threadId);
  const [question] = Object.values(interrupts).flat();
  const answer = { namespace: [], interrupt_id: question?.id, response: 'a' };
  const respond = () => send(2, 'input.respond', answer, 'answer');
  const [taken, same] = [await respond(), await respond()];
  expect(taken.body).toMatchObject({ type: 'success' });
  expect(same.body).toEqual(taken.body);
  expect(await server.client.runs.list(threadId)).toHaveLength(2);
});

test('a command whose answer was lost with its process is found by its key; a refusal is no answer, and frees it', async () => {
  const { thread_id } = await server.client.threads.create();
  await server.client.runs.wait(thread_id, 'ask', { input: { n: 1 } });
  const send = (params: object, key: string) =>
    server.send('POST', `/threads/${thread_id}/commands`, { id: 1, method: 'input.respond', params }, { 'idempotency-key': key });
  const wrong = { namespace: [], interrupt_id: 'x', response: 'a' };
  expect((await send(wrong, 'k')).body).toMatchObject({ type: 'error', error: 'no_such_interrupt' });
  const { interrupts } = await server.client.threads.get(thread_id);
  const right = { ...wrong, interrupt_id: Object.values(interrupts).flat()[0]?.id };
  // The key is free again: another body may have it.
  expect((await send(right, 'k')).body).toMatchObject({ type: 'success' });
  const { idempotency } = server.runtime.stores.served;
  // Its answer was never kept.
  expect(await idempotency.prune(new Date(Date.now() + 60_000).toISOString(), 100)).toBeGreaterThan(0);
  expect((await send(right, 'k')).body).toMatchObject({ type: 'success', result: {} });
  expect(await server.client.runs.list(thread_id)).toHaveLength(2);
});
