/** Runs one graph once: its input or command, its config, and its chunks as they come. */
import { Command, END, Send } from '@langchain/langgraph';
import { StopError } from '../../domain/errors.ts';
import type { AssistantRow, Json, RunLease, ServedRun } from '../../domain/served.ts';
import { cleanConfigurable } from '../auth/configurable.ts';
import type { ServableGraph, ServedGraph, Server } from '../context.ts';
import type { SourceEvent } from '../protocol/source-event.ts';
import { streamGraph } from '../protocol/stream-graph.ts';
import { configOf } from '../threads/thread-graph.ts';
import { type Snapshot, standing } from '../threads/views.ts';
import { deliverable } from './answer.ts';
import { type Chunk, graphModes } from './chunks.ts';

/** `kwargs` of a run, as the runs route made them. */
export interface RunKwargs {
  readonly input?: unknown;
  readonly command?: { readonly resume?: unknown; readonly goto?: unknown; readonly update?: unknown } | null;
  readonly config?: {
    readonly configurable?: Json;
    readonly tags?: readonly string[];
    readonly recursion_limit?: number;
    readonly metadata?: Json;
  };
  readonly context?: unknown;
  readonly stream_mode: readonly string[];
  readonly subgraphs: boolean;
  readonly interrupt_before?: '*' | readonly string[];
  readonly interrupt_after?: '*' | readonly string[];
  readonly durability?: 'sync' | 'async' | 'exit';
  readonly webhook?: string;
  readonly feedback_keys?: readonly string[];
  readonly checkpoint?: Json;
  readonly strict_resume?: boolean;
  /** It was asked for by protocol v2. */
  readonly protocol?: Json;
}

/** How a run left its thread. */
export interface Outcome {
  readonly values: unknown;
  readonly interrupts: Record<string, readonly unknown[]>;
  /** Nodes are still to run. */
  readonly paused: boolean;
}

export interface Execution {
  readonly signal: AbortSignal;
  /** A chunk of the graph, or a raw event of `streamEvents`. */
  chunk(chunk: Chunk): Promise<void>;
  event(event: unknown): Promise<void>;
  /** An event of a run that was asked for by protocol v2. */
  protocol(event: SourceEvent): Promise<void>;
}

/** One run of one graph, under one lease. */
export interface RunWork {
  readonly server: Server;
  readonly run: ServedRun;
  readonly lease: RunLease;
  readonly assistant: AssistantRow;
  readonly served: ServedGraph;
  /** The graph that the run was run in, once it is open: a factory that fails, or takes its time, does so once. */
  opened?: ServableGraph;
}

const kwargsOf = (run: ServedRun): RunKwargs => run.kwargs as unknown as RunKwargs; // written by the runs route

/** @throws whatever the graph throws; the abort reason when stopped; FencedError when the lease is lost. */
export async function execute(work: RunWork, execution: Execution): Promise<void> {
  const { server, run, lease, assistant, served } = work;
  const kwargs = kwargsOf(run);
  const broken = new AbortController();
  const config = runConfig(work, AbortSignal.any([execution.signal, broken.signal]));
  const access = { accessContext: 'threads.create_run' as const, executionRuntime: { context: config['context'] } };
  const saver = await server.saver();
  const graph = await served.open(config, { saver, store: await server.store(run.tenant), access });
  work.opened = graph;
  const stamp = { ...run.metadata, graph_id: assistant.graphId, assistant_id: assistant.assistantId };
  saver.guard({ threadId: lease.threadId, epoch: lease.epoch }, (error) => broken.abort(error), stamp);
  try {
    const taken = lease.again && (await isTaken(graph, run));
    const input = taken ? null : await inputOf(graph, work, kwargs);
    const place = taken ? atHead(config) : config;
    if (kwargs.protocol !== undefined) await streamProtocol(graph, input, { config: place, server, execution });
    else if (kwargs.stream_mode.includes('events')) await streamEvents(graph, input, { config: place, run, execution });
    else for await (const raw of await graph.stream(input, place)) await execution.chunk(chunkOf(raw, kwargs.subgraphs));
    broken.signal.throwIfAborted();
  } catch (error) {
    // What could not be stored is the cause; what the graph says of its abort is not.
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    saver.unguard(run.threadId);
    // Node keeps a combined signal that somebody listens to until it aborts; LangGraph goes on listening.
    broken.abort(new Error(`run ${run.runId} is over`));
  }
}

/** The thread after a run, read from its newest checkpoint. */
export async function outcomeOf({ server, run, assistant, served, opened }: RunWork): Promise<Outcome> {
  const config = configOf(run.threadId, served.id, configurableOf(run, assistant));
  const access = { accessContext: 'threads.read' as const, executionRuntime: null };
  const graph = opened ?? (await served.open(config, { saver: await server.saver(), store: await server.store(run.tenant), access }));
  const snapshot = (await graph.getState({ configurable: { thread_id: run.threadId } })) as Snapshot; // LangGraph's own
  return standing(snapshot);
}

const ownConfig = (assistant: AssistantRow) => assistant.config as NonNullable<RunKwargs['config']>; // checked when it was written

/** What the assistant says, over it the run, over both the server. */
const configurableOf = (run: ServedRun, assistant: AssistantRow): Json => ({
  // An assistant is a client's word too.
  ...cleanConfigurable(ownConfig(assistant).configurable ?? {}),
  ...kwargsOf(run).config?.configurable,
  ...run.caller,
});

function runConfig({ server, run, assistant }: RunWork, signal: AbortSignal): Record<string, unknown> {
  const kwargs = kwargsOf(run);
  const own = ownConfig(assistant);
  const configurable = {
    ...kwargs.checkpoint,
    ...configurableOf(run, assistant),
    thread_id: run.threadId,
    run_id: run.runId,
    graph_id: assistant.graphId,
    assistant_id: assistant.assistantId,
  };
  const known = {
    configurable,
    metadata: {
      ...own.metadata,
      ...kwargs.config?.metadata,
      ...run.metadata,
      run_id: run.runId,
      thread_id: run.threadId,
      graph_id: assistant.graphId,
      assistant_id: assistant.assistantId,
      run_attempt: run.attempt,
      langgraph_host: 'self-hosted',
      langgraph_api_url: server.env['LANGGRAPH_API_URL'],
    },
    tags: kwargs.config?.tags ?? own.tags,
    // An absent one must stay absent: undefined would wipe the limit that the graph was compiled with.
    recursionLimit: kwargs.config?.recursion_limit ?? own.recursion_limit,
    context: contextOf(assistant.context, kwargs.context),
    interruptBefore: kwargs.interrupt_before,
    interruptAfter: kwargs.interrupt_after,
    // The write is synchronous here anyway: waiting for it costs nothing, and at most the step under way is repeated after a crash.
    durability: kwargs.durability ?? 'sync',
    streamMode: graphModes(kwargs.stream_mode),
    subgraphs: kwargs.subgraphs,
    runId: run.runId,
    signal,
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

function contextOf(standard: unknown, given: unknown): unknown {
  if (isObject(standard) && isObject(given)) return { ...standard, ...given };
  return given ?? standard ?? undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * When an earlier beginning of this very run got as far as a checkpoint, what was asked has been taken in: delivering it again would
 * start anew, fork again, or answer the next question with the same words.
 */
async function isTaken(graph: ServableGraph, run: ServedRun): Promise<boolean> {
  const head = (await graph.getState({ configurable: { thread_id: run.threadId } })) as Snapshot; // LangGraph's own
  return (head.metadata as Json | undefined)?.['run_id'] === run.runId; // stamped by the saver
}

/** From the newest checkpoint on, whichever one the run was asked to fork from. */
function atHead(config: Record<string, unknown>): Record<string, unknown> {
  const { checkpoint_id: _id, checkpoint_ns: _ns, checkpoint_map: _map, ...rest } = config['configurable'] as Json; // made by runConfig
  return { ...config, configurable: rest };
}

/** The input verbatim, or the command. */
async function inputOf(graph: ServableGraph, work: RunWork, kwargs: RunKwargs): Promise<unknown> {
  if (kwargs.command === undefined || kwargs.command === null) return kwargs.input ?? null;
  const { resume, goto, update } = kwargs.command;
  const places = goto === undefined || goto === null ? [] : Array.isArray(goto) ? goto : [goto];
  const nodes = Object.keys(graph.nodes);
  const targets = places.map((place) => placeOf(place, nodes));
  const names = targets.filter((target) => typeof target === 'string');
  const sends = targets.filter((target) => typeof target !== 'string');
  const updates = [...sends.map((sent): [string, unknown] => [TASKS, JSON.parse(JSON.stringify(sent))]), ...pairsOf(update)];
  const answer = resume === undefined || resume === null ? undefined : await answerOf(graph, work, kwargs);
  if (answer === undefined && names.length === 0 && updates.length === 0) return null;
  return new Command({
    ...(answer === undefined ? {} : { resume: answer }),
    ...(names.length === 0 ? {} : { goto: names }),
    ...(updates.length === 0 ? {} : { update: updates }),
  });
}

async function answerOf(graph: ServableGraph, { server, run, lease }: RunWork, kwargs: RunKwargs): Promise<unknown> {
  const head = (await graph.getState({ configurable: { ...kwargs.checkpoint, thread_id: run.threadId } })) as Snapshot; // LangGraph's own
  return deliverable(head, {
    resume: kwargs.command?.resume,
    strict: kwargs.strict_resume ?? false,
    askedSince: lease.again ? await server.served.queue.askedSince(lease) : undefined,
  });
}

/** Where LangGraph keeps what was sent; written there as plain data, which every copy of LangGraph reads: each knows only its own `Send`. */
const TASKS = '__pregel_tasks';

const pairsOf = (update: unknown): readonly [string, unknown][] =>
  Array.isArray(update) ? update : Object.entries((update ?? {}) as Json); // checked by the runs route

/** @throws Error for a node that the graph does not have: LangGraph would go nowhere and call it success. */
export function placeOf(place: unknown, nodes: readonly string[]): string | Send {
  const { node, input, timeout } = typeof place === 'string' ? { node: place } : (place as Sent); // checked by the runs route
  if (node !== END && !nodes.includes(node))
    throw new Error(`command.goto: the graph has no node ${JSON.stringify(node)}; it has ${nodes.join(', ')}`);
  return typeof place === 'string' ? place : new Send(node, input ?? null, timeout === undefined ? undefined : { timeout });
}

interface Sent {
  readonly node: string;
  readonly input?: unknown;
  readonly timeout?: number;
}

function chunkOf(raw: unknown, subgraphs: boolean): Chunk {
  if (!Array.isArray(raw)) throw new StopError('INTERNAL', 'the graph streams no tuples: its LangGraph is too old for this server');
  const tuple: readonly unknown[] = raw;
  const [namespace, mode, data] = subgraphs ? tuple : [[], ...tuple];
  return [Array.isArray(namespace) ? namespace.map(String) : [], String(mode), data];
}

/** `events`: everything that happens inside, and the graph's own chunks among it. */
async function streamEvents(
  graph: ServableGraph,
  input: unknown,
  { config, run, execution }: { readonly config: Record<string, unknown>; readonly run: ServedRun; readonly execution: Execution },
): Promise<void> {
  const { stream_mode, subgraphs } = kwargsOf(run);
  const modes = graphModes(stream_mode);
  const events = await graph.streamEvents(input, { ...config, version: 'v2', streamMode: modes.length === 0 ? ['values'] : modes });
  for await (const raw of events) {
    const event = raw as { event: string; run_id: string; tags?: readonly string[]; data: { chunk?: unknown } }; // LangChain's own
    if (event.tags?.includes('langsmith:hidden') === true) continue;
    const ours = event.event === 'on_chain_stream' && event.run_id === run.runId;
    if (ours && Array.isArray(event.data.chunk)) await execution.chunk(chunkOf(event.data.chunk, subgraphs));
    else await execution.event(raw);
  }
}

/** By protocol v2. Who joins the run itself is told the values. */
async function streamProtocol(
  graph: ServableGraph,
  input: unknown,
  { config, server, execution }: { readonly config: Record<string, unknown>; readonly server: Server; readonly execution: Execution },
): Promise<void> {
  for await (const event of streamGraph(graph, input, config, () => server.runtime.clock.now())) {
    await execution.protocol(event);
    if (event.method === 'values' && event.namespace.length === 0) await execution.chunk([[], 'values', event.data]);
  }
}
