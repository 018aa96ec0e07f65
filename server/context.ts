/** What the parts of the server share: the home, the rows, the graphs, the limits, and how one part wakes another. */
import type { BaseStore } from '@langchain/langgraph';
import type { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint';
import type { Hono } from 'hono';
import type { GuardedSaver } from '../checkpoints/saver/guarded-saver.ts';
import type { CancelAction, Json, Scope, ServedRun } from '../domain/served.ts';
import type { CronLimits } from '../domain/server-config.ts';
import type { Served } from '../domain/server-stores.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Caller } from './auth/caller.ts';
import type { Peer } from './auth/peer.ts';
import type { GovernedAsk, Governs } from './project/governs.ts';
import type { WebhookPolicy } from './webhooks/webhook-target.ts';

/** The part of a compiled graph that the server uses; `Pregel` of any version that the project brings. */
export interface ServableGraph {
  readonly nodes: Readonly<Record<string, unknown>>;
  checkpointer?: unknown;
  store?: unknown;
  stream(input: unknown, config: Record<string, unknown>): Promise<AsyncIterable<unknown>>;
  /** A promise where `version` is `v3`. */
  streamEvents(input: unknown, config: Record<string, unknown>): AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>;
  getState(config: Record<string, unknown>, options?: { subgraphs?: boolean }): Promise<unknown>;
  getStateHistory(config: Record<string, unknown>, options?: Record<string, unknown>): AsyncIterable<unknown>;
  updateState(config: Record<string, unknown>, values: unknown, asNode?: string): Promise<unknown>;
  bulkUpdateState(config: Record<string, unknown>, supersteps: unknown[]): Promise<unknown>;
  getGraphAsync(config: Record<string, unknown>): Promise<{ toJSON(): unknown }>;
  getSubgraphsAsync(namespace?: string, recurse?: boolean): AsyncIterable<[string, unknown]>;
}

export interface GraphSchemas {
  readonly input: unknown;
  readonly output: unknown;
  readonly state: unknown;
  readonly config: unknown;
  readonly context: unknown;
  /** Why none are known. */
  readonly problem?: string;
}

/** Why a factory is asked for its graph: LangGraph's own words. `context` is the run's. */
export type GraphAccess =
  | { readonly accessContext: 'threads.create_run'; readonly executionRuntime: { readonly context: unknown } }
  | { readonly accessContext: 'assistants.read' | 'threads.read' | 'threads.update'; readonly executionRuntime: null };

/** One graph of `langgraph.json`. */
export interface ServedGraph {
  readonly id: string;
  readonly description: string | undefined;
  /** Where the graph keeps a record of its threads, as the governor does: nothing else admits, runs or edits them. */
  readonly governs?: Governs | undefined;
  /**
   * The compiled graph with this saver and store; a factory is called with the config of the run, and with what for
   * (`assistants.read` where nothing is said).
   * @throws Error what the factory throws.
   */
  open(
    config: Record<string, unknown>,
    around: { saver: BaseCheckpointSaver; store: BaseStore; access?: GraphAccess },
  ): Promise<ServableGraph>;
  /** JSON Schemas; null where they cannot be known (an Annotation graph without its TypeScript). */
  schemas(): Promise<GraphSchemas>;
  /** Asked before a run is put: puts its thread on record. The graph is run like every other. @throws Problem */
  readonly begin?: ((caller: Caller, ask: GovernedAsk, scope: Scope) => Promise<unknown>) | undefined;
  /** Namespace -> schemas, of all subgraphs. */
  subgraphSchemas(): Promise<Readonly<Record<string, GraphSchemas>>>;
}

/** Wakes those who wait for a run, in this process; other processes are seen by looking again. */
export interface Wakes {
  /** Something happened in this run (an event, its end). */
  wake(runId: string): void;
  /** A wake between two calls of `next` is not lost. */
  subscribe(runId: string): Subscription;
  readonly size: number;
}

export interface Subscription {
  /** Resolves at the next wake, or after `ms`, or at `close`. */
  next(ms: number): Promise<void>;
  close(): void;
}

/** One who follows the stream of a thread. */
export interface Follower {
  /** The last number of the thread, as far as it is known here; 0: there is none. */
  readonly last: () => number;
  /** The server ends: nothing more will come. */
  readonly isOver: () => boolean;
  /** Resolves at the next growth, after `ms`, or at `close`. A growth between two calls is not lost. */
  next(ms: number): Promise<void>;
  close(): void;
}

/** Tells how far the streams of threads have grown (protocol v2). */
export interface ThreadWatch {
  /** Begins with what is there now. */
  follow(threadId: string): Promise<Follower>;
  /** This process wrote up to this number. */
  grown(threadId: string, last: number): void;
  /** This process wrote something, in a transaction of others. */
  look(threadId: string): Promise<void>;
  /** Looks once more, and ends all followers. */
  stop(): Promise<void>;
}

/** Counts the open event streams and waits. */
export interface OpenStreams {
  /** Asked before a run is put: a refusal after that would be a run that nobody follows. @throws Problem 429. */
  assertRoom(owner: string): void;
  opened(owner: string): void;
  closed(owner: string): void;
  /** Of all owners. */
  readonly size: number;
}

export interface ServeLimits {
  /** Longest body, in bytes. */
  readonly bodyBytes: number;
  /** Runs that this process works on at once. */
  readonly concurrency: number;
  /** How long events of an ended run are kept, in ms. */
  readonly keepEventsMs: number;
  /** Largest total of a run's kept events, in bytes. */
  readonly runEventBytes: number;
  /** Largest total of a thread's kept events of protocol v2, in characters. */
  readonly threadEventCharacters: number;
  /** How often one run is begun, after crashes, before it is given up. */
  readonly attempts: number;
  /** Streams and waits that one caller may hold open at once. */
  readonly streamsPerCaller: number;
  /** Longest time of one run, in ms; 0: no limit. */
  readonly runMs: number;
  /** How often a quiet stream sends a heartbeat, in ms. Default: 5000, after which the official clients take a silent stream for dead. */
  readonly heartbeatMs?: number;
}

export interface Server {
  readonly runtime: Runtime;
  readonly served: Served;
  readonly graphs: ReadonlyMap<string, ServedGraph>;
  /** The saver of every graph but the governed one's, which has its own fence. */
  readonly saver: () => Promise<GuardedSaver>;
  /** The durable store as a tenant sees it. */
  store(tenant: string): Promise<BaseStore>;
  readonly wakes: Wakes;
  /** The streams of threads that are followed here. */
  readonly threads: ThreadWatch;
  /** A run was put into the queue: the worker of this process reads it at once. */
  poke(): void;
  /** The end of a run put a webhook: it can be sent. */
  pokeWebhooks(): void;
  /** These runs were told to stop: those of this process at once, without waiting for a heartbeat. */
  stopRuns(runIds: readonly string[], action: CancelAction): void;
  /** Puts on record who stops a run, before it is stopped; `left`: its client went away, and wanted that. */
  recordCancel(caller: Caller, run: ServedRun, left?: boolean): Promise<void>;
  /** True while this process works on the run: its readers are woken by its events, and need not poll. */
  isLocal(runId: string): boolean;
  readonly limits: ServeLimits;
  readonly webhookPolicy: WebhookPolicy;
  readonly cronLimits: CronLimits;
  readonly streams: OpenStreams;
  /** Who sends this request. @throws Problem 401, 403. */
  authenticate(request: Request, peer?: Peer): Promise<Caller>;
  /** A kept caller, with the rights of now. @throws Problem 401. */
  recall(kept: Json): Promise<Caller>;
  /** The project's own routes, mounted before ours. */
  readonly customApp: Hono | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts?: Readonly<Record<string, unknown>>) => void;
}
