/** What a graph does wrong ends its own run, never the server: in a process of its own, as users start it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from './process.ts';

const home = mkdtempSync(join(tmpdir(), 'governor-stray-'));
let server: ServerProcess | undefined;
beforeAll(async () => {
  server = await startProcess({ home, config: new URL('fixtures/shapes/langgraph.json', import.meta.url).pathname });
});
afterAll(async () => {
  await server?.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

test('a promise that a graph left behind, a state that cannot be stored, a thread deleted under its run: the server goes on', async () => {
  if (server === undefined) throw new Error('no server');
  const { client, child } = server;
  expect(await client.runs.wait(null, 'stray', { input: {} })).toMatchObject({ log: ['left'] });
  await expect.poll(() => server?.stderr()).toContain('nobody looks at me');
  await expect(client.runs.wait(null, 'big', { input: {} })).rejects.toThrow(/circular/);
  const { thread_id } = await client.threads.create();
  const { run_id } = await client.runs.create(thread_id, 'tick', { input: {}, config: { configurable: { count: 20, ms: 20 } } });
  await expect.poll(async () => (await client.runs.get(thread_id, run_id)).status).toBe('running');
  await client.threads.delete(thread_id);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await client.runs.wait(null, 'tick', { input: {} })).toMatchObject({ log: ['ticked'] });
  expect(child.exitCode).toBeNull();
});
