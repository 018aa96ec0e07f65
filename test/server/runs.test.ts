/** Runs over the API, driven by the official SDK: streams, waits, strategies, cancels. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function events(stream: AsyncIterable<{ id?: string; event: string; data: unknown }>) {
  const found: { id?: string; event: string; data: unknown }[] = [];
  for await (const event of stream) found.push(event);
  return found;
}

test('a stream tells its run, its values and ends with its run', async () => {
  const { thread_id } = await server.client.threads.create();
  const found = await events(server.client.runs.stream(thread_id, 'two', { input: { n: 1 }, streamMode: ['values', 'updates'] }));
  expect(found.map((one) => one.event)).toEqual(['metadata', 'values', 'updates', 'values', 'updates', 'values']);
  expect(found.at(-1)?.data).toEqual({ n: 3, log: ['one', 'two'] });
  expect(found.map((one) => one.id)).toEqual(['0', '1', '2', '3', '4', '5']);
  const thread = await server.client.threads.get(thread_id);
  expect([thread.status, thread.values]).toEqual(['idle', { n: 3, log: ['one', 'two'] }]);
});
