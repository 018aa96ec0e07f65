/** A server that is told to stop: whoever follows a run that ends in the grace still hears its end. */
import { expect, test } from 'vitest';
import { startServer } from '../serving.ts';
import { reached } from '../sse.ts';

const SLOW = { input: { n: 1 }, config: { configurable: { ms: 600, steps: 2 } } };

test('who waits for it gets its values, and the server then stops at once', async () => {
  const server = await startServer();
  const { thread_id: threadId } = await server.client.threads.create();
  const answer = server.client.runs.wait(threadId, 'slow', SLOW);
  await expect.poll(async () => (await server.client.runs.list(threadId)).length).toBe(1);
  const [run] = await server.client.runs.list(threadId);
  await reached(server, threadId, run?.run_id ?? '', 'running');
  const from = performance.now();
  await server.serving.stop(10_000);
  const ms = performance.now() - from;
  try {
    expect(await answer).toMatchObject({ n: 2 });
    expect(ms).toBeLessThan(3000);
  } finally {
    await server.stop();
  }
});
