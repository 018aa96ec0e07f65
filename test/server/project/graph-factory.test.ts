/** A factory is asked once for a run, and its failure is told as the project's own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: new URL('../fixtures/once/langgraph.json', import.meta.url).pathname });
});
afterAll(() => server.stop());

test('the outcome of a run is read with the graph that it ran in', async () => {
  const { runs, threads } = server.client;
  const { thread_id } = await threads.create();
  const first = (await runs.wait(thread_id, 'once', { input: {} })) as { made: number }; // its state
  expect(await runs.wait(thread_id, 'once', { input: {} })).toEqual({ made: first.made + 1 });
  expect(await threads.get(thread_id)).toMatchObject({ status: 'idle', values: { made: first.made + 1 } });
});

test('a factory that fails for those who look is a 422, which clients do not send again', async () => {
  const { runs, threads } = server.client;
  const { thread_id } = await threads.create();
  await runs.wait(thread_id, 'once', { input: {} });
  for (const path of ['state', 'history'])
    expect(await server.send('GET', `/threads/${thread_id}/${path}`), path).toMatchObject({
      status: 422,
      body: { detail: 'graph "once": its function fails with the config of this thread: only for runs' },
    });
});
