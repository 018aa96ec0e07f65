/** What a graph does wrong ends its own run, never the server: in a process of its own, as users start it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from '../process.ts';

const home = mkdtempSync(join(tmpdir(), 'governor-stray-'));
let server: ServerProcess | undefined;
beforeAll(async () => {
  server = await startProcess({ home, config: new URL('../fixtures/shapes/langgraph.json', import.meta.url).pathname });
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

test('an exception outside of any promise ends the run that threw it, at once and as its error; others go on', async () => {
  if (server === undefined) throw new Error('no server');
  const { client, child } = server;
  const { thread_id } = await client.threads.create();
  const other = client.runs.wait(null, 'tick', { input: {}, config: { configurable: { count: 20, ms: 50 } } });
  await expect(client.runs.wait(thread_id, 'outside', { input: {} })).rejects.toThrow('thrown outside of any promise');
  expect(await client.runs.list(thread_id)).toMatchObject([{ status: 'error' }]);
  expect(await client.threads.get(thread_id)).toMatchObject({ status: 'error' });
  const late = await client.runs.create(thread_id, 'outside', { input: {}, config: { configurable: { after: 200 } } });
  await client.runs.join(thread_id, late.run_id);
  await expect.poll(() => server?.stderr()).toContain(`of run ${late.run_id}: thrown outside of any promise`);
  expect(await client.runs.get(thread_id, late.run_id)).toMatchObject({ status: 'success' });
  expect(await other).toMatchObject({ log: ['ticked'] });
  expect(child.exitCode).toBeNull();
});

test('where no run can be told to have thrown, the server says so and ends', async () => {
  const own = mkdtempSync(join(tmpdir(), 'governor-stray-'));
  const one = await startProcess({ home: own, config: new URL('../fixtures/shapes/langgraph.json', import.meta.url).pathname });
  const ended = new Promise((resolve) => one.child.once('exit', resolve));
  const refused = expect(
    one.client.runs.wait(null, 'outside', { input: {}, config: { configurable: { nowhere: true } } }),
  ).rejects.toThrow();
  expect(await ended).toBe(1);
  expect(one.stderr()).toContain('which no run can be told to have thrown; it ends the server: thrown outside of any promise');
  await refused;
  rmSync(own, { recursive: true, force: true });
});
