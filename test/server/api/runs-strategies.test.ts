/** Two runs on one thread, and runs that are told to stop: the four strategies, cancels, clients that leave. */
import { describe, expect, test } from 'vitest';
import { runs, type Steps, server, shapes, startBoth } from '../both.ts';
import { all, reached, refusal } from '../sse.ts';

startBoth();

const LONG = { configurable: { ms: 20_000, steps: 1 } };
/** A thread with values, and a long run that runs on it. */
async function busy(payload: object = {}): Promise<{ threadId: string; runId: string; before: unknown }> {
  const { thread_id: threadId } = await server.client.threads.create();
  await runs().wait(threadId, 'two', { input: { n: 1 } });
  const before = await server.client.threads.getState(threadId);
  const { run_id: runId } = await runs().create(threadId, 'slow', { input: { n: 5 }, config: LONG, ...payload });
  await reached(server, threadId, runId, 'running');
  return { threadId, runId, before };
}
const status = async (threadId: string, runId: string) => (await runs().get(threadId, runId)).status;

describe('multitask strategies', () => {
  test('reject: 409, whether the first runs or waits, and nothing is put', async () => {
    const { threadId, runId } = await busy();
    for (const end of ['', '/stream', '/wait']) {
      const told = refusal(
        await server.send('POST', `/threads/${threadId}/runs${end}`, { assistant_id: 'two', input: {}, multitask_strategy: 'reject' }),
      );
      expect(told).toEqual({ status: 409, detail: expect.stringContaining(`already running a task (run ${runId})`) });
    }
    expect(await runs().list(threadId)).toHaveLength(2);
    await runs().cancel(threadId, runId, true);
    expect(await runs().wait(threadId, 'two', { input: { n: 1 }, multitaskStrategy: 'reject' })).toMatchObject({ n: 3 });
  });

  test('enqueue is the standard: one after the other, in their order, never two at once', async () => {
    const { thread_id } = await server.client.threads.create();
    const short = { configurable: { ms: 30, steps: 1 } };
    const put = [];
    for (let index = 0; index < 4; index += 1)
      put.push(await runs().create(thread_id, 'slow', { input: { n: index * 10 }, config: short }));
    const seen: number[] = [];
    while ((await server.client.threads.get(thread_id)).status === 'busy')
      seen.push((await runs().list(thread_id, { status: 'running' })).length);
    expect(Math.max(...seen)).toBe(1);
    const outputs = await Promise.all(put.map(({ run_id }) => runs().join(thread_id, run_id)));
    const states: Steps[] = outputs.map((one) => Object(one));
    expect(states.map((one) => one.log.length)).toEqual([1, 2, 3, 4]);
    expect(states.map((one) => one.n)).toEqual([1, 11, 21, 31]);
  });

  test('interrupt: the first stops where it is and is kept; the new one goes on from the thread', async () => {
    const { threadId, runId } = await busy();
    const output = await runs().wait(threadId, 'two', { input: { n: 50 }, multitaskStrategy: 'interrupt' });
    expect(output).toMatchObject({ n: 52 });
    expect(await status(threadId, runId)).toBe('interrupted');
    expect((await server.client.threads.get(threadId)).status).toBe('idle');
  });

  test('rollback: the first and all it wrote are gone; the new one starts from before it', async () => {
    const { threadId, runId } = await busy();
    const output = await runs().wait(threadId, 'two', { input: { n: 50 }, multitaskStrategy: 'rollback' });
    expect(output).toEqual({ n: 52, log: ['one', 'two', 'one', 'two'] });
    expect((await server.send('GET', `/threads/${threadId}/runs/${runId}`)).status).toBe(404);
    const history = await server.client.threads.getHistory(threadId);
    expect(history.some((one) => one.metadata?.['run_id'] === runId)).toBe(false);
  });

  test('interrupt and rollback also take the runs that wait', async () => {
    for (const [multitaskStrategy, left] of [
      ['interrupt', ['success', 'interrupted', 'interrupted', 'success']],
      ['rollback', ['success', 'success']],
    ] as const) {
      const { threadId } = await busy();
      await runs().create(threadId, 'two', { input: {} });
      await runs().wait(threadId, 'two', { input: { n: 1 }, multitaskStrategy });
      expect((await runs().list(threadId)).map((one) => one.status)).toEqual(left.toReversed());
    }
  });
});

describe('cancel', () => {
  test('interrupt keeps the thread’s values and what was done; wait=0 answers at once, wait=1 at the end', async () => {
    const { threadId, runId } = await busy();
    const at = performance.now();
    expect((await server.send('POST', `/threads/${threadId}/runs/${runId}/cancel?wait=0&action=interrupt`)).status).toBe(202);
    expect(performance.now() - at).toBeLessThan(400);
    await reached(server, threadId, runId, 'interrupted');
    const thread = await server.client.threads.get(threadId);
    expect([thread.values, thread.status]).toEqual([{ n: 5, log: ['one', 'two'] }, 'interrupted']);
    const second = await busy();
    expect((await server.send('POST', `/threads/${second.threadId}/runs/${second.runId}/cancel?wait=1`)).status).toBe(204);
    expect(await status(second.threadId, second.runId)).toBe('interrupted');
  });

  test('rollback: the run is gone, and the thread is as it was, whatever it was', async () => {
    const { threadId, runId, before } = await busy();
    await runs().cancel(threadId, runId, true, 'rollback');
    expect((await server.send('GET', `/threads/${threadId}/runs/${runId}`)).status).toBe(404);
    expect(await server.client.threads.getState(threadId)).toEqual(before);
    const thread = await server.client.threads.get(threadId);
    expect([thread.values, thread.status]).toEqual([{ n: 3, log: ['one', 'two'] }, 'idle']);
  });

  test('a taken-back run leaves a question, a breakpoint and an error as they stood', async () => {
    const { thread_id } = await shapes.client.threads.create();
    await shapes.client.runs.wait(thread_id, 'late', { input: {} });
    const asked = await shapes.client.threads.get(thread_id);
    const run = await shapes.client.runs.create(thread_id, 'late', { command: { resume: 'yes' } });
    await reached(shapes, thread_id, run.run_id, 'running');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await shapes.client.runs.cancel(thread_id, run.run_id, true, 'rollback');
    const after = await shapes.client.threads.get(thread_id);
    expect([after.status, after.interrupts]).toEqual(['interrupted', asked.interrupts]);
    expect((await shapes.client.threads.getState(thread_id)).tasks[0]?.interrupts).toMatchObject([{ value: 'go?' }]);

    const rests: [string, object, string][] = [
      ['two', { interruptBefore: ['two'] }, 'interrupted'],
      ['fails', { raiseError: false }, 'error'],
      ['two', {}, 'idle'],
    ];
    for (const [graph, payload, rest] of rests) {
      const one = await server.client.threads.create();
      await runs().wait(one.thread_id, graph, { input: {}, ...payload });
      const stood = await server.client.threads.get(one.thread_id);
      expect(stood.status).toBe(rest);
      for (const action of ['interrupt', 'rollback'] as const) {
        const waiting = await runs().create(one.thread_id, 'two', { input: {}, afterSeconds: 60 });
        await runs().cancel(one.thread_id, waiting.run_id, true, action);
      }
      const deleted = await runs().create(one.thread_id, 'two', { input: {}, afterSeconds: 60 });
      await runs().delete(one.thread_id, deleted.run_id);
      const running = await runs().create(one.thread_id, 'slow', { input: {}, config: LONG });
      await reached(server, one.thread_id, running.run_id, 'running');
      await runs().cancel(one.thread_id, running.run_id, true, 'rollback');
      const now = await server.client.threads.get(one.thread_id);
      expect([now.status, now.values, now.error]).toEqual([rest, stood.values, stood.error]);
    }
  });

  test('a run that has ended, or is not there; one that runs cannot be deleted', async () => {
    const { threadId, runId } = await busy();
    expect((await server.send('DELETE', `/threads/${threadId}/runs/${runId}`)).status).toBe(409);
    await runs().cancel(threadId, runId, true);
    expect((await server.send('POST', `/threads/${threadId}/runs/${runId}/cancel?wait=1`)).status).toBe(204);
    expect(await status(threadId, runId)).toBe('interrupted');
    expect((await server.send('POST', `/threads/${threadId}/runs/00000000-0000-4000-8000-000000000000/cancel`)).status).toBe(404);
    expect((await server.send('POST', `/threads/${threadId}/runs/${runId}/cancel?action=stop`)).status).toBe(422);
    expect((await server.send('POST', `/threads/${threadId}/runs/${runId}/cancel?wiat=1`)).status).toBe(422);
  });

  test('many: by ids, by thread, by status; others are left alone', async () => {
    const [a, b] = [await busy(), await busy()];
    const waiting = await runs().create(a.threadId, 'two', { input: {} });
    await runs().cancelMany({ threadId: a.threadId, status: 'pending' });
    expect([await status(a.threadId, waiting.run_id), await status(a.threadId, a.runId)]).toEqual(['interrupted', 'running']);
    await runs().cancelMany({ threadId: a.threadId, runIds: [a.runId, b.runId], action: 'interrupt' });
    await reached(server, a.threadId, a.runId, 'interrupted');
    expect(await status(b.threadId, b.runId)).toBe('running');
    await runs().cancelMany({ status: 'all' });
    await reached(server, b.threadId, b.runId, 'interrupted');
    expect((await server.send('POST', '/runs/cancel', {})).status).toBe(422);
    expect((await server.send('POST', '/runs/cancel', { run_ids: ['x'] })).status).toBe(422);
  });

  test('a stream of a cancelled run ends; a rolled-back one too', async () => {
    for (const action of ['interrupt', 'rollback'] as const) {
      const { threadId, runId } = await busy();
      const told = all(runs().joinStream(threadId, runId));
      const waited = fetch(`${server.url}/threads/${threadId}/runs/${runId}/join`).then((response) => response.json());
      await runs().cancel(threadId, runId, false, action);
      expect((await told).some((one) => one.event === 'error')).toBe(false);
      expect(await waited).toMatchObject({ log: ['one', 'two'] });
    }
  });
});

describe('a client that leaves', () => {
  test('with on_disconnect cancel its run stops, with continue (the standard) it goes on', async () => {
    for (const [on_disconnect, end] of [
      ['cancel', 'interrupted'],
      ['continue', 'running'],
      [undefined, 'running'],
    ] as const)
      for (const way of ['stream', 'wait']) {
        const { thread_id } = await server.client.threads.create();
        const leave = new AbortController();
        const response = await fetch(`${server.url}/threads/${thread_id}/runs/${way}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ assistant_id: 'slow', input: {}, config: LONG, on_disconnect }),
          signal: leave.signal,
        });
        const runId = response.headers.get('content-location')?.split('/').at(-1) ?? '';
        await reached(server, thread_id, runId, 'running');
        leave.abort();
        if (end === 'running') await new Promise((resolve) => setTimeout(resolve, 100));
        await reached(server, thread_id, runId, end);
        if (end === 'running') await runs().cancel(thread_id, runId, true);
      }
  });

  test.each(['stream', 'join'])('a reader’s cancel_on_disconnect stops the run; a reader without it does not (%s)', async (end) => {
    const { threadId, runId } = await busy();
    const read = async (query: string): Promise<void> => {
      const leave = new AbortController();
      const response = await fetch(`${server.url}/threads/${threadId}/runs/${runId}/${end}?${query}`, { signal: leave.signal });
      expect(response.status).toBe(200);
      if (end === 'stream') await response.body?.getReader().read();
      leave.abort();
    };
    await read('cancel_on_disconnect=0');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await status(threadId, runId)).toBe('running');
    await read('cancel_on_disconnect=1');
    await reached(server, threadId, runId, 'interrupted');
  });
});

test('forty runs on one thread from ten clients: each once, none lost, the thread idle', async () => {
  const { thread_id } = await server.client.threads.create();
  const outputs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let index = 0; index < 4; index += 1) await runs().wait(thread_id, 'two', { input: { n: 0 } });
    }),
  );
  expect(outputs).toHaveLength(10);
  const { values } = await server.client.threads.getState<Steps>(thread_id);
  expect(values.log).toEqual(Array.from({ length: 40 }, () => ['one', 'two']).flat());
  const thread = await server.client.threads.get(thread_id);
  expect(thread.status).toBe('idle');
});
