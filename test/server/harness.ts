/** Routes without the server around them: endpoints behind their own schemas, called by one operator; an app on a port. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Caller } from '../../server/auth/caller.ts';
import { type Endpoint, parse } from '../../server/http/endpoint.ts';
import { Problem, problemOf, problemResponse } from '../../server/http/problem.ts';

const CALLER: Caller = {
  person: { id: 'ada', roles: ['operator'], method: 'local', alone: false },
  tenant: 'default',
  authorize: async () => undefined,
};

export function mount(endpoints: readonly Endpoint[]): Hono {
  const app = new Hono();
  app.onError((error) => problemResponse(problemOf(error) ?? new Problem(500, error.message), false));
  for (const one of endpoints)
    app.on(one.method.toUpperCase(), one.path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      one.handle({
        params: one.params === undefined ? undefined : parse(one.params, c.req.param(), 'path'),
        query: one.query === undefined ? undefined : parse(one.query, c.req.query(), 'query'),
        body: undefined,
        caller: CALLER,
        scope: { tenant: CALLER.tenant },
        allowed: async () => ({ tenant: CALLER.tenant }),
        c,
      }),
    );
  return app;
}

/** Serves an app on a free port of this machine. */
export async function listen(app: Hono): Promise<{ port: number; close: () => void }> {
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await new Promise<void>((ready) => server.once('listening', () => ready()));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { port, close: () => void server.close() };
}
