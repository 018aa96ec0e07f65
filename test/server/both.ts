/** For tests of threads and runs: one server with the flows and one with the shapes, which a file's tests share. */
import { afterAll, beforeAll } from 'vitest';
import { startServer, type TestServer } from './serving.ts';

export const SHAPES = new URL('fixtures/shapes/langgraph.json', import.meta.url).pathname;
/** An id that nothing has. */
export const NONE = '00000000-0000-4000-8000-000000000000';
/** The state of the fixture graphs. */
export type Steps = { n: number; log: string[] };

/** Serves the flows, once `startBoth` was called. */
export let server: TestServer;
/** Serves the shapes, once `startBoth` was called. */
export let shapes: TestServer;

/** Both run from before the file's first test to after its last. */
export function startBoth(): void {
  beforeAll(async () => {
    [server, shapes] = await Promise.all([startServer(), startServer({ config: SHAPES })]);
  });
  afterAll(async () => {
    await Promise.all([server.stop(), shapes.stop()]);
  });
}

export const runs = () => server.client.runs;
/** The id of a new thread. */
export const fresh = async (): Promise<string> => (await server.client.threads.create()).thread_id;
/** Runs a graph to its end, or to its question. */
export const wait = async (threadId: string, graph: string, payload: object): Promise<Steps & { __interrupt__?: unknown[] }> =>
  (await runs().wait(threadId, graph, payload)) as never; // the fixture graphs' state
