/** Starts the server: opens the project, puts its parts together, listens, and stops without losing a run. */
import { toError } from '../domain/errors.ts';
import { KEEP_EVENTS_MS } from '../domain/thread-events.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Assembled, type AssembleOptions, assemble, openProject } from './assemble.ts';
import type { ServeLimits, Server } from './context.ts';
import { startTicker } from './crons/ticker.ts';
import { type Listening, listen } from './http/listen.ts';
import { systemAssistantId } from './project/assistant-id.ts';
import { defaultsOf } from './project/defaults.ts';
import type { Project } from './project/load.ts';
import { announceLoopback } from './project/loopback.ts';
import { startUpkeep } from './runs/upkeep.ts';
import { startWorker } from './runs/worker.ts';
import { startWebhooks } from './webhooks/webhooks.ts';

export interface ServeOptions {
  readonly runtime: Runtime;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The `langgraph.json` to serve. */
  readonly config: string;
  readonly limits: ServeLimits;
  readonly log: Server['log'];
  readonly findTable?: AssembleOptions['findTable'];
}

export interface Serving {
  readonly url: string;
  /** Opens the page with the own user's token in it, where the system does not say who connects. */
  readonly link: string | undefined;
  readonly graphs: readonly string[];
  /** Claims no more runs, lets the running ones end or reach a checkpoint for `graceMs`, gives back the rest, then closes. */
  stop(graceMs: number): Promise<void>;
}

export const LIMITS: ServeLimits = {
  bodyBytes: 20 * 1024 * 1024,
  concurrency: 10,
  keepEventsMs: KEEP_EVENTS_MS,
  runEventBytes: 64 * 1024 * 1024,
  threadEventCharacters: 64 * 1024 * 1024,
  attempts: 3,
  streamsPerCaller: 1000,
  runMs: 0,
};

/** @throws UsageError naming what keeps it from starting: project, bind, auth, port. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const connect = announceLoopback(options.log);
  const project = await openProject(options.config, options);
  for (const warning of [...project.warnings, ...corsWarnings(project.config)]) options.log('warn', warning);
  const assembled = await assemble(project, options);
  await seedAssistants(assembled.server, project);
  connect(assembled.app);
  const listening = await listen(assembled.app, options, assembled.auth.watch);
  // Behind a proxy it is found elsewhere than it listens.
  options.runtime.address.url = assembled.server.env['LANGGRAPH_API_URL']?.replace(/\/$/, '') ?? listening.url;
  const stop = startWork(assembled, listening, !project.config.disabled.includes('runs'));
  const { token } = assembled.auth;
  const link = token === undefined ? undefined : `${listening.url}/docs#token=${token}`;
  return { url: listening.url, link, graphs: [...project.graphs.keys()], stop };
}

/** Every graph has its system assistant, as `LANGGRAPH_CONFIG` says. @throws UsageError for a graph that is not served. */
async function seedAssistants({ served, env }: Server, { graphs }: Project): Promise<void> {
  const defaults = defaultsOf(env['LANGGRAPH_CONFIG'], [...graphs.keys()]);
  await served.assistants.seed(
    [...graphs.values()].map((graph) => ({
      assistantId: systemAssistantId(graph.id),
      graphId: graph.id,
      description: graph.description,
      ...defaults.get(graph.id),
    })),
  );
}

/** Begins what works beside the requests; `ticks`: crons too. @returns what stops all of it, in order. */
function startWork({ server, workers, startSweep }: Assembled, listening: Listening, ticks: boolean): Serving['stop'] {
  const { served, runtime, log, webhookPolicy: policy } = server;
  const worker = startWorker(server);
  // A run's webhook may be a path of the project's own routes; ours would take it for a call of the local operator.
  const own = server.customApp;
  const webhooks = startWebhooks({
    outbox: served.outbox,
    clock: runtime.clock,
    log,
    policy,
    fetch: own === undefined ? undefined : (request) => own.fetch(request),
  });
  workers.worker = worker;
  workers.webhooks = webhooks;
  const stopUpkeep = startUpkeep(server);
  const ticker = ticks ? startTicker(server) : undefined;
  const ahead = setTimeout(() => void loadAhead(server), LOAD_AHEAD_MS);
  const stopSweep = startSweep();
  return async (graceMs) => {
    clearTimeout(ahead);
    stopUpkeep();
    stopSweep();
    await ticker?.stop();
    const closed = listening.close();
    await worker.drain(graceMs);
    await server.threads.stop();
    // What was asked before the stop is answered: a decision, or a goal whose repository is being read.
    await none(() => listening.unanswered(), graceMs);
    await none(() => server.streams.size, Math.min(graceMs, LAST_WORDS_MS));
    await webhooks.stop();
    listening.cut();
    await closed;
  };
}

/** A run that comes earlier loads it itself. */
const LOAD_AHEAD_MS = 500;

/** What only runs and states need, LangGraph above all: the first answer does not wait for it, and the first run does not either. */
async function loadAhead({ log }: Server): Promise<void> {
  try {
    await import('./runs/execute.ts');
  } catch (error) {
    log('error', `LangGraph cannot be loaded, so no run will be: ${toError(error).message}`);
  }
}

/** How long those who follow a run that has just ended have to hear of it, in ms; a run that was given back ends nobody's answer. */
const LAST_WORDS_MS = 1000;
const POLL_MS = 20;

/** Waits until there is none of them, so long at most. */
async function none(left: () => number, ms: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < ms; waitedMs += POLL_MS) {
    const over = left() === 0;
    // Once more after the last one: what it said is still on its way to its socket.
    await new Promise((wake) => setTimeout(wake, POLL_MS));
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
