/** The HTTP application: the project's own routes first, then ours, each behind the same gates. */
import { type Context, Hono } from 'hono';
import { toError } from '../domain/errors.ts';
import type { Scope } from '../domain/served.ts';
import { assertNoSecret } from '../runtime/goal.ts';
import type { Auth } from './auth/authenticator.ts';
import { assertMay, type Caller } from './auth/caller.ts';
import type { Peer } from './auth/peer.ts';
import type { Server } from './context.ts';
import { readBody } from './http/body.ts';
import { type Call, type Endpoint, parse } from './http/endpoint.ts';
import { withIdempotency } from './http/idempotency.ts';
import type { Metrics } from './http/metrics.ts';
import { guardOrigin } from './http/origin.ts';
import { Problem, problemOf, problemResponse } from './http/problem.ts';

export interface AppOptions {
  readonly endpoints: readonly Endpoint[];
  /** Host names and origins beside the loopback ones. */
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly metrics: Metrics;
  /** Asked before every route but `OPEN`. @throws Problem */
  readonly admit?: Auth['admit'];
}

/** What tells nothing of the home: whether and what it is, for probes and clients, and the page that reads a link's token. */
const OPEN: readonly string[] = ['/ok', '/info', '/docs', '/openapi.json'];

/** `/threads/{thread_id}` -> `/threads/:thread_id`. A namespace in a path may hold slashes. */
const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

const NO_SCOPE: Scope = { tenant: '' };

export function createApp(server: Server, options: AppOptions): Hono {
  const asText = server.env['GOVERNOR_ERROR_FORMAT'] === 'text';
  const app = new Hono();
  app.use('*', async (c, next) => {
    const startedAt = server.runtime.clock.monotonic();
    await next();
    options.metrics.request(c.req.routePath, c.req.method, c.res.status, server.runtime.clock.monotonic() - startedAt);
  });
  app.use('*', guardOrigin({ hosts: options.hosts, origins: options.origins, asText }));
  app.use('*', async (c, next) => {
    if (!OPEN.includes(c.req.path)) await options.admit?.(c.req.raw, peerOf(c));
    await next();
  });
  if (server.customApp !== undefined) app.route('/', server.customApp);
  for (const endpoint of options.endpoints)
    app.on(endpoint.method.toUpperCase(), honoPath(endpoint.path), (c) => answer(app, server, endpoint, c));
  app.notFound((c) => problemResponse(new Problem(404, `${c.req.method} ${c.req.path}: there is no such route`), asText));
  app.onError((thrown) => {
    const problem = problemOf(thrown);
    if (problem !== undefined) return problemResponse(problem, asText);
    const error = toError(thrown);
    server.log('error', `a request failed: ${error.message}`, { stack: error.stack ?? '' });
    return problemResponse(new Problem(500, `internal error: ${error.message.slice(0, 300)}`), asText);
  });
  return app;
}

async function answer(app: Hono, server: Server, endpoint: Endpoint, c: Context): Promise<Response> {
  const caller = endpoint.permission === 'public' ? undefined : await server.authenticate(c.req.raw, peerOf(c));
  if (caller !== undefined) assertMay(caller, endpoint.permission);
  const params = endpoint.params === undefined ? undefined : parse(endpoint.params, c.req.param(), 'path');
  const query = endpoint.query === undefined ? undefined : parse(endpoint.query, queryOf(c), 'query');
  const raw = endpoint.body === undefined ? undefined : await readBody(c, server.limits);
  if (endpoint.body !== undefined && raw === undefined && !endpoint.bodyOptional) throw new Problem(422, 'body: is missing; send JSON');
  const body = endpoint.body === undefined ? undefined : parse(endpoint.body, raw ?? {}, 'body');
  assertNoSecretIn(server, raw);
  if (caller === undefined)
    return endpoint.handle({ params, query, body, caller: NOBODY, scope: NO_SCOPE, allowed: async () => NO_SCOPE, c });
  const scope: Scope = { tenant: caller.tenant, graphs: caller.graphs };
  const call: Call = {
    params,
    query,
    body,
    caller,
    scope,
    allowed: async (resource, action, value) => ({ ...scope, filters: await caller.authorize(resource, action, value) }),
    c,
  };
  return withIdempotency(
    server,
    { call, endpoint, body: raw },
    { work: () => endpoint.handle(call), rejoin: (location) => rejoin(app, c, location) },
  );
}

/** Metadata is listed, searched and traced, whichever graph it is for. @throws UsageError naming the rule, never the value. */
function assertNoSecretIn(server: Server, body: unknown): void {
  for (const one of Array.isArray(body) ? body : [body])
    if (typeof one === 'object' && one !== null && 'metadata' in one) assertNoSecret(server.runtime.env, 'body.metadata', one.metadata);
}

/** A run's stream, asked for by the same caller through every gate. */
async function rejoin(app: Hono, c: Context, location: string): Promise<Response> {
  const headers = new Headers(c.req.raw.headers);
  for (const name of ['idempotency-key', 'last-event-id', 'content-type', 'content-length', 'transfer-encoding']) headers.delete(name);
  return app.fetch(new Request(new URL(location, c.req.url), { headers }), c.env);
}

/** A public route sees no rows. */
const NOBODY: Caller = {
  person: { id: 'nobody', roles: [], method: 'none', alone: false },
  tenant: '',
  authorize: async () => undefined,
};

/** One value is a text, several are a list. */
function queryOf(c: Context): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

/** The connection; undefined for a request inside this process. */
function peerOf(c: Context): Peer | undefined {
  const env = c.env as { incoming?: { socket?: Peer } } | undefined; // what the Node adapter brings
  return env?.incoming?.socket;
}
