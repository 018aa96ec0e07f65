/** Starts the server: opens the home, loads the project, listens, and stops without losing a run. */
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { UsageError } from '../domain/errors.ts';
import { localPerson, secretResolver } from '../runtime/environment.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { assistantEndpoints } from './api/assistants.ts';
import { docsEndpoints } from './api/docs.ts';
import { governorEndpoints } from './api/governor.ts';
import { metaEndpoints } from './api/meta.ts';
import { runEndpoints } from './api/runs.ts';
import { stateEndpoints } from './api/state.ts';
import { storeEndpoints } from './api/store.ts';
import { threadEndpoints } from './api/threads.ts';
import { testEndpoints } from './api/truncate.ts';
import { createApp } from './app.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { customAuth } from './auth/custom.ts';
import type { OpenStreams, ServeLimits, Server } from './context.ts';
import { builtinGraphs } from './governed/builtin.ts';
import { GOVERNOR } from './governed/graph.ts';
import { startSweep } from './governed/sweep.ts';
import type { Endpoint } from './http/endpoint.ts';
import { createMetrics, metricsEndpoints } from './http/metrics.ts';
import { isLoopback } from './http/origin.ts';
import { systemAssistantId } from './project/assistant-id.ts';
import { defaultsOf } from './project/defaults.ts';
import { storeFor } from './project/durable-store.ts';
import { loadProject, type Project } from './project/load.ts';
import { createOpenStreams } from './runs/open-streams.ts';
import { startUpkeep } from './runs/upkeep.ts';
import { createWakes } from './runs/wakes.ts';
import { startWorker, type Worker } from './runs/worker.ts';
import { startWebhooks, type Webhooks } from './webhooks/webhooks.ts';

export interface ServeOptions {
  readonly runtime: Runtime;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The `langgraph.json` to serve. */
  readonly config: string;
  readonly limits: ServeLimits;
  readonly log: Server['log'];
}

export interface Serving {
  readonly url: string;
  readonly graphs: readonly string[];
  /** Claims no more runs, lets the running ones end or reach a checkpoint for `graceMs`, gives back the rest, then closes. */
  stop(graceMs: number): Promise<void>;
}

export const LIMITS: ServeLimits = {
  bodyBytes: 20 * 1024 * 1024,
  concurrency: 10,
  keepEventsMs: 3600 * 1000,
  runEventBytes: 64 * 1024 * 1024,
  attempts: 3,
  streamsPerCaller: 1000,
  runMs: 0,
};

/** @throws UsageError naming what keeps it from starting: project, bind, auth, port. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { runtime, host, log } = options;
  const { env, operator } = runtime;
  const { served, servedSaver } = runtime.stores;
  const connect = announceLoopback(log);
  const project = await loadProject({ file: options.config, builtin: builtinGraphs(runtime), warn: (message) => log('warn', message) });
  for (const warning of [...project.warnings, ...corsWarnings(project.config)]) log('warn', warning);
  const metrics = createMetrics();
  const wakes = createWakes();
  const resolve = secretResolver(env);
  const authenticate = await createAuthenticator({
    host,
    operator,
    person: localPerson(operator),
    keys: served.keys,
    clock: runtime.clock,
    resolve,
    // Asked of the configuration: an export that is undefined must not leave the server open.
    custom: project.config.auth === undefined ? undefined : customAuth(project.auth, 'auth.path'),
    studio: !project.config.disableStudioAuth,
  });
  const secret = operator?.server?.webhooks.secret;
  let worker: Worker | undefined;
  let webhooks: Webhooks | undefined;
  const server: Server = {
    runtime,
    served,
    graphs: project.graphs,
    saver: servedSaver,
    store: (tenant) => storeFor(served.items, tenant),
    wakes,
    poke: () => worker?.poke(),
    pokeWebhooks: () => webhooks?.poke(),
    stopRuns: (runIds, action) => worker?.stopRuns(runIds, action),
    isLocal: (runId) => worker?.isLocal(runId) === true,
    limits: options.limits,
    webhookPolicy: {
      allow: operator?.server?.webhooks.allow ?? [],
      loopbackBind: isLoopback(host),
      ownApp: project.app !== undefined,
      secret: secret === undefined ? undefined : resolve(secret),
    },
    streams: createOpenStreams(options.limits.streamsPerCaller, { opened: metrics.streamOpened, closed: metrics.streamClosed }),
    authenticate,
    customApp: project.app,
    env,
    log,
  };
  const defaults = defaultsOf(env['LANGGRAPH_CONFIG'], [...project.graphs.keys()]);
  await served.assistants.seed(
    [...project.graphs.values()].map((graph) => ({
      assistantId: systemAssistantId(graph.id),
      graphId: graph.id,
      description: graph.description,
      ...defaults.get(graph.id),
    })),
  );
  const governs = project.graphs.get(GOVERNOR)?.governed === true;
  const endpoints: Endpoint[] = [
    ...metaEndpoints(server),
    ...assistantEndpoints(server),
    ...threadEndpoints(server),
    ...stateEndpoints(server),
    ...runEndpoints(server),
    ...storeEndpoints(server),
    ...(governs ? governorEndpoints(server) : []),
    ...metricsEndpoints(server, metrics),
    ...(env['GOVERNOR_TEST_MODE'] === '1' ? testEndpoints(server, isLoopback(host)) : []),
  ].filter((endpoint) => !project.config.disabled.some((part) => part === endpoint.tag.toLowerCase()));
  const all: readonly Endpoint[] = [...endpoints, ...docsEndpoints(() => all)];
  const app = createApp(server, {
    endpoints: all,
    hosts: [...(operator?.server?.hosts ?? []), ...(isLoopback(host) ? [] : [host])],
    origins: [...(operator?.server?.origins ?? []), ...(project.config.cors?.allow_origins ?? [])],
    metrics,
  });
  connect(app);
  const listening = await listen(app, host, options.port);
  worker = startWorker(server);
  // A run's webhook may be a path of the project's own routes; ours would take it for a call of the local operator.
  const own = project.app;
  webhooks = startWebhooks({
    outbox: served.outbox,
    clock: runtime.clock,
    log,
    policy: server.webhookPolicy,
    fetch: own === undefined ? undefined : (request) => own.fetch(request),
  });
  const stopUpkeep = startUpkeep(server);
  const stopSweep = governs ? startSweep(server) : () => undefined;
  return {
    url: listening.url,
    graphs: [...project.graphs.keys()],
    stop: async (graceMs) => {
      stopUpkeep();
      stopSweep();
      const closed = listening.close();
      await worker?.drain(graceMs);
      await answered(server.streams, Math.min(graceMs, LAST_WORDS_MS));
      await webhooks?.stop();
      listening.cut();
      await closed;
    },
  };
}

/** How long those who follow a run that has just ended have to hear of it, in ms; a run that was given back ends nobody's answer. */
const LAST_WORDS_MS = 1000;
const LOOK_MS = 20;

async function answered(streams: OpenStreams, ms: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < ms; waitedMs += LOOK_MS) {
    const over = streams.size === 0;
    // Once more after the last one is closed: what it said is still on its way to its socket.
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
    if (over) return;
  }
}

/** Answers are opened to listed origins alone: with a star, any page in any browser of this machine could call. */
function corsWarnings({ file, cors }: Project['config']): string[] {
  if (cors === undefined) return [];
  const unused = Object.keys(cors).filter((key) => key !== 'allow_origins');
  return [
    ...(cors.allow_origins?.includes('*') === true ? [`${file}: http.cors.allow_origins "*" opens nothing; list the origins`] : []),
    ...(unused.length > 0
      ? [`${file}: http.cors.${unused.join(', http.cors.')} have no effect; allow_origins is what this server reads`]
      : []),
  ];
}

/**
 * Existing graphs reach their own server, and its log, by these symbols; they must be set before graphs load.
 * The returned function gives the application once it is there.
 */
function announceLoopback(log: Server['log']): (app: Hono) => void {
  let app: Hono | undefined;
  const call = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (app === undefined) throw new Error('the server is still starting');
    return app.fetch(new Request(typeof input === 'string' ? new URL(input, 'http://localhost') : input, init));
  };
  const told = (level: 'info' | 'warn' | 'error') => (message: unknown, facts?: Readonly<Record<string, unknown>>) =>
    log(level, String(message), facts);
  const logger = { debug: () => undefined, info: told('info'), warn: told('warn'), error: told('error') };
  Object.assign(globalThis, { [Symbol.for('langgraph_api:fetch')]: call, [Symbol.for('langgraph.api.sdk-logger')]: logger });
  return (made) => {
    app = made;
  };
}

/**
 * How long an idle connection is kept, in ms: longer than SQLite may hold the event loop (15 s). Node ends idle connections (by default after 5 s)
 * before it reads what came in while the loop was held, and resets a request that was sent in time.
 */
const KEEP_ALIVE_MS = 75_000;

async function listen(app: Hono, host: string, port: number): Promise<{ url: string; close(): Promise<void>; cut(): void }> {
  const serverOptions = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 30_000, requestTimeout: 120_000 };
  const http = createAdaptorServer({ fetch: app.fetch, serverOptions });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      reject(new UsageError(`cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'another program does' : error.message}`));
    });
    http.listen(port, host, resolve);
  });
  const { port: bound, family } = http.address() as AddressInfo; // a TCP server's
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    close: () => new Promise((resolve) => http.close(() => resolve())),
    cut: () => {
      if ('closeAllConnections' in http) http.closeAllConnections();
    },
  };
}
