/** The part of a server that governed threads need: a real home, real stores, and nobody who works the queue. */
import { randomUUID } from 'node:crypto';
import type { ServedRun } from '../../../domain/served.ts';
import { openRuntime } from '../../../runtime/runtime.ts';
import type { Caller } from '../../../server/auth/caller.ts';
import type { Server } from '../../../server/context.ts';
import { type Governed, openGoverned } from '../../../server/governed/graph.ts';
import { runGoverned } from '../../../server/governed/run.ts';
import { fakeServer } from '../../fakes/server.ts';
import type { World } from '../../story/world.ts';

export interface GovernedServer extends Server, Governed {
  pokes: number;
}

export async function governedServer(world: World, env: Readonly<Record<string, string | undefined>> = {}): Promise<GovernedServer> {
  const runtime = await openRuntime({ home: world.home, env: { PATH: process.env['PATH'] ?? '', ...env } });
  const server: GovernedServer = Object.assign(
    fakeServer({
      poke: () => {
        server.pokes += 1;
      },
      stopRuns: () => undefined,
    }),
    { ...openGoverned(runtime), pokes: 0 },
  );
  return server;
}

/** The runs that were put for a thread, oldest first. */
export async function putRuns(server: Server, threadId: string, tenant = 'default'): Promise<readonly ServedRun[]> {
  return (await server.served.queue.list({ tenant }, threadId, { limit: 100, offset: 0 })).toReversed();
}

export function servedRun(threadId: string, kwargs: Readonly<Record<string, unknown>> = {}): ServedRun {
  return {
    runId: randomUUID(),
    threadId,
    tenant: 'default',
    assistantId: 'governor',
    createdAt: '',
    updatedAt: '',
    status: 'running',
    metadata: {},
    caller: {},
    kwargs: { input: null, ...kwargs },
    multitask: 'enqueue',
    attempt: 1,
    temporary: false,
    output: null,
    error: null,
  };
}

/** Runs a governed thread to where it rests; nobody listens. */
export const driveServed = (server: Governed, threadId: string, kwargs?: Readonly<Record<string, unknown>>) =>
  runGoverned(server, servedRun(threadId, kwargs), {
    signal: new AbortController().signal,
    drain: new AbortController().signal,
    modes: ['values'],
    subgraphs: false,
    emit: async () => undefined,
  });

export function callerOf(id: string, roles: readonly ('viewer' | 'operator' | 'approver' | 'admin')[], tenant = 'default'): Caller {
  return { person: { id, roles, method: 'key', alone: false }, tenant, authorize: async () => undefined };
}
