/** Puts the parts of the server together: its shared context and its routes. Only this file knows the governed part. */
import type { Hono } from 'hono';
import { cronLimitsSchema } from '../domain/server-config.ts';
import { localPerson, secretResolver } from '../runtime/environment.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { assistantEndpoints } from './api/assistants.ts';
import { cronEndpoints } from './api/crons.ts';
import { docsEndpoints } from './api/docs.ts';
import { feedbackEndpoints } from './api/feedback.ts';
import { metaEndpoints } from './api/meta.ts';
import { protocolEndpoints } from './api/protocol.ts';
import { runEndpoints } from './api/runs.ts';
import { stateEndpoints } from './api/state.ts';
import { storeEndpoints } from './api/store.ts';
import { threadEndpoints } from './api/threads.ts';
import { testEndpoints } from './api/truncate.ts';
import { createApp } from './app.ts';
import { type Auth, createAuthenticator } from './auth/authenticator.ts';
import { customAuth } from './auth/custom.ts';
import { type LocalUserOptions, openLocalUser } from './auth/local-user.ts';
import type { ServeLimits, Server } from './context.ts';
import { builtinGraphs } from './governed/builtin.ts';
import { GOVERNOR } from './governed/graph.ts';
import { recordCancel } from './governed/record-cancel.ts';
import { governorEndpoints } from './governed/routes.ts';
import { startSweep } from './governed/sweep.ts';
import type { Endpoint } from './http/endpoint.ts';
import { createMetrics, type Metrics, metricsEndpoints } from './http/metrics.ts';
import { isLoopback } from './http/origin.ts';
import { loadProject, type Project } from './project/load.ts';
import { createThreadWatch } from './protocol/thread-watch.ts';
import { createOpenStreams } from './runs/open-streams.ts';
import { createWakes } from './runs/wakes.ts';
import type { Worker } from './runs/worker.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

export interface AssembleOptions {
  readonly runtime: Runtime;
  readonly host: string;
  readonly limits: ServeLimits;
  readonly log: Server['log'];
  /** Tells who holds the other end of a connection. Default: the kernel's table, where it can be read. */
  readonly findTable?: LocalUserOptions['findTable'];
}

/** Those who work beside the requests. They need the server, so they come after it. */
interface Workers {
  worker?: Worker;
  webhooks?: Webhooks;
}

/** A server that listens to nobody yet. */
export interface Assembled {
  readonly server: Server;
  readonly app: Hono;
  readonly workers: Workers;
  readonly auth: Auth;
  /** Begins what goes on with decided threads, where the governor is served. @returns a function that stops it. */
  readonly startSweep: () => () => void;
}

/** With Governor's own graphs where it names them. @throws UsageError naming the file and what is wrong in it. */
export const openProject = (file: string, { runtime, log }: Pick<AssembleOptions, 'runtime' | 'log'>): Promise<Project> =>
  loadProject({ file, builtin: builtinGraphs(runtime), warn: (message) => log('warn', message) });

export async function assemble(project: Project, options: AssembleOptions): Promise<Assembled> {
  const { runtime, host } = options;
  const metrics = createMetrics();
  const workers: Workers = {};
  const auth = await authOf(project, options);
  const server = serverOf(project, options, { metrics, workers, auth });
  const governs = project.graphs.get(GOVERNOR)?.governs !== undefined;
  const endpoints = [
    ...plainEndpoints(server),
    ...(governs ? governorEndpoints(server) : []),
    ...metricsEndpoints(server, metrics),
    ...(runtime.env['GOVERNOR_TEST_MODE'] === '1' ? testEndpoints(server, isLoopback(host)) : []),
  ].filter((endpoint) => !project.config.disabled.some((part) => part === partOf(endpoint)));
  const all: readonly Endpoint[] = [...endpoints, ...docsEndpoints(() => all)];
  const own = runtime.operator?.server;
  const app = createApp(server, {
    endpoints: all,
    hosts: [...(own?.hosts ?? []), ...(isLoopback(host) ? [] : [host])],
    origins: [...(own?.origins ?? []), ...(project.config.cors?.allow_origins ?? [])],
    metrics,
    admit: auth.admit,
  });
  return { server, app, workers, auth, startSweep: () => (governs ? startSweep(server) : () => undefined) };
}

/** A cron is runs: they are wanted or not together. */
const partOf = ({ tag }: Endpoint): string => (tag === 'crons' ? 'runs' : tag.toLowerCase());

/** The routes of any LangGraph server. */
const plainEndpoints = (server: Server): Endpoint[] => [
  ...metaEndpoints(server),
  ...assistantEndpoints(server),
  ...threadEndpoints(server),
  ...stateEndpoints(server),
  ...cronEndpoints(server),
  ...runEndpoints(server),
  ...feedbackEndpoints(server),
  ...protocolEndpoints(server),
  ...storeEndpoints(server),
];

function serverOf(
  project: Project,
  { runtime, host, limits, log }: AssembleOptions,
  { metrics, workers, auth }: { readonly metrics: Metrics; readonly workers: Workers; readonly auth: Auth },
): Server {
  const { env, operator } = runtime;
  const { served, servedSaver } = runtime.stores;
  const resolve = secretResolver(env);
  const secret = operator?.server?.webhooks.secret;
  return {
    runtime,
    served,
    graphs: project.graphs,
    saver: servedSaver,
    store: async (tenant) => (await import('./project/durable-store.ts')).storeFor(served.items, tenant),
    wakes: createWakes(),
    threads: createThreadWatch({ served, log }),
    poke: () => workers.worker?.poke(),
    pokeWebhooks: () => workers.webhooks?.poke(),
    stopRuns: (runIds, action) => workers.worker?.stopRuns(runIds, action),
    recordCancel: (caller, run, left) => recordCancel({ runtime }, caller, run, left),
    isLocal: (runId) => workers.worker?.isLocal(runId) === true,
    limits,
    webhookPolicy: {
      allow: operator?.server?.webhooks.allow ?? [],
      loopbackBind: isLoopback(host),
      ownApp: project.app !== undefined,
      secret: secret === undefined ? undefined : resolve(secret),
    },
    cronLimits: cronLimitsSchema.parse(operator?.server?.crons ?? {}),
    streams: createOpenStreams(limits.streamsPerCaller, { opened: metrics.streamOpened, closed: metrics.streamClosed }),
    authenticate: auth.authenticate,
    recall: auth.recall,
    customApp: project.app,
    env,
    log,
  };
}

const authOf = (project: Project, { runtime, host, log, findTable }: AssembleOptions): Promise<Auth> =>
  createAuthenticator({
    host,
    operator: runtime.operator,
    person: localPerson(runtime.operator),
    keys: runtime.stores.served.keys,
    clock: runtime.clock,
    resolve: secretResolver(runtime.env),
    // Asked of the configuration: an export that is undefined must not leave the server open.
    custom: project.config.auth === undefined ? undefined : customAuth(project.auth, 'auth.path'),
    studio: !project.config.disableStudioAuth,
    openLocalUser: () => openLocalUser({ home: runtime.home, clock: runtime.clock, log, findTable }),
  });
