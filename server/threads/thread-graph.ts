/** A thread with its graph: how routes find the two, and read or edit the state. */
import { MAX_PAGE_LENGTH } from '../../checkpoints/served/page-limit.ts';
import { codeOf, toError } from '../../domain/errors.ts';
import type { Json, Scope, ThreadRow } from '../../domain/served.ts';
import type { History } from '../api/schemas.ts';
import type { ServableGraph, ServedGraph, Server } from '../context.ts';
import { toJson } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { interruptsOf, type Snapshot, stateOf, threadView } from './views.ts';

/** @throws Problem 404. */
export async function needThread(server: Server, scope: Scope, threadId: string): Promise<ThreadRow> {
  const thread = await server.served.threads.get(scope, threadId);
  if (thread === undefined) throw new Problem(404, `Thread with ID ${threadId} not found`);
  return thread;
}

export function servedGraphOf(server: Server, thread: ThreadRow): ServedGraph | undefined {
  // What a governed run is does not depend on metadata, which its starter may change.
  if (thread.governed) return [...server.graphs.values()].find((graph) => graph.governs !== undefined);
  const graphId = thread.metadata['graph_id'];
  return typeof graphId === 'string' ? server.graphs.get(graphId) : undefined;
}

/** The config that a graph, its factory and its state are read with. */
export function configOf(threadId: string, graphId: string, configurable: Json = {}): Record<string, unknown> {
  return { configurable: { ...configurable, thread_id: threadId, graph_id: graphId } };
}

/**
 * Undefined when no run has named a graph yet, or the graph is no longer served.
 * @throws Problem 422 with what a factory throws: it is the project's own code, and asking again helps nobody.
 */
export async function graphOf(server: Server, thread: ThreadRow): Promise<ServableGraph | undefined> {
  const served = servedGraphOf(server, thread);
  if (served === undefined) return undefined;
  const configurable = (thread.config['configurable'] ?? {}) as Record<string, unknown>; // checked when it was written
  const access = { accessContext: 'threads.read' as const, executionRuntime: null };
  try {
    return await served.open(configOf(thread.threadId, served.id, configurable), {
      saver: await server.saver(),
      store: await server.store(thread.tenant),
      access,
    });
  } catch (thrown) {
    throw new Problem(422, `graph "${served.id}": its function fails with the config of this thread: ${toError(thrown).message}`);
  }
}

/** How clients see the states of this thread. */
async function shownOf(server: Server, thread: ThreadRow): Promise<(snapshot: Snapshot) => Snapshot> {
  return (await servedGraphOf(server, thread)?.governs?.shown(thread.threadId)) ?? ((snapshot) => snapshot);
}

const EMPTY: Snapshot = { values: {}, next: [], tasks: [], metadata: {}, config: {} };

/** LangGraph takes a checkpoint that is not there for a new thread. @throws Problem 404. */
export async function needCheckpoint(server: Server, threadId: string, at: Readonly<Record<string, unknown>>): Promise<void> {
  const { checkpoint_id: checkpointId, checkpoint_ns: namespace } = at;
  if (typeof checkpointId !== 'string') return;
  const place = { thread_id: threadId, checkpoint_ns: typeof namespace === 'string' ? namespace : '', checkpoint_id: checkpointId };
  if ((await (await server.saver()).getTuple({ configurable: place })) === undefined)
    throw new Problem(404, `checkpoint ${checkpointId} not found in thread ${threadId}`);
}

/** The state at a checkpoint, or the latest; empty for a thread without a graph. */
export async function readState(
  server: Server,
  thread: ThreadRow,
  at: Record<string, unknown>,
  subgraphs: boolean,
): Promise<Record<string, unknown>> {
  const graph = await graphOf(server, thread);
  if (graph === undefined) return stateOf(EMPTY);
  await needCheckpoint(server, thread.threadId, at);
  const config = { configurable: { ...placed(at), thread_id: thread.threadId } };
  const snapshot = (await graph.getState(config, { subgraphs })) as Snapshot; // LangGraph's own
  return stateOf((await shownOf(server, thread))(snapshot));
}

/** @throws Problem 422 where the states are longer than an answer may be; one alone always fits. */
export async function readHistory(server: Server, thread: ThreadRow, options: History): Promise<Record<string, unknown>[]> {
  const graph = await graphOf(server, thread);
  if (graph === undefined) return [];
  const states: Record<string, unknown>[] = [];
  let length = 0;
  const before = options.before ?? undefined;
  const history = graph.getStateHistory(
    { configurable: { ...placed(options.checkpoint ?? {}), thread_id: thread.threadId } },
    {
      limit: options.limit,
      ...(before === undefined ? {} : { before: { configurable: { ...placed(beforeOf(before)), thread_id: thread.threadId } } }),
      ...(options.metadata === null || options.metadata === undefined ? {} : { filter: options.metadata }),
    },
  );
  const shown = await shownOf(server, thread);
  for await (const raw of history) {
    const state = stateOf(shown(raw as Snapshot)); // LangGraph's own
    length += toJson(state).length;
    if (states.length > 0 && length > MAX_PAGE_LENGTH)
      throw new Problem(422, `limit: the first ${states.length + 1} states are longer than ${MAX_PAGE_LENGTH} characters; ask for fewer`);
    states.push(state);
    if (states.length >= options.limit) break;
  }
  return states;
}

function beforeOf(before: NonNullable<History['before']>): Record<string, unknown> {
  if (typeof before === 'string') return { checkpoint_id: before };
  return 'configurable' in before ? (before.configurable as Record<string, unknown>) : before; // a config, by its schema
}

/** The members of a checkpoint that say something; the thread is the path's. */
export function placed(checkpoint: Record<string, unknown>): Record<string, unknown> {
  const known = ['checkpoint_id', 'checkpoint_ns', 'checkpoint_map'].map((name) => [name, checkpoint[name]] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== null && value !== undefined));
}

/**
 * The thread as the API shows it. A governed one may have gone on by the command line: its state is read, not remembered. One whose
 * state cannot be read says so, and hides no other thread of a listing. `brief`: one of a listing, whose trails are not all read.
 */
export async function viewOf(server: Server, thread: ThreadRow, brief = false): Promise<Record<string, unknown>> {
  const governs = servedGraphOf(server, thread)?.governs;
  if (governs === undefined) return threadView(thread);
  const snapshot = await governs.latest(thread.threadId).catch((thrown: unknown) => {
    if (codeOf(thrown) === 'STATE_TAMPERED') return toError(thrown);
    throw thrown;
  });
  if (snapshot instanceof Error)
    return threadView({
      ...thread,
      status: 'error',
      values: null,
      interrupts: {},
      error: { error: 'STATE_TAMPERED', message: snapshot.message },
    });
  const shown = (await governs.shown(thread.threadId, brief))(snapshot);
  return threadView({
    ...thread,
    values: shown.values,
    interrupts: thread.status === 'interrupted' ? interruptsOf(shown) : {},
  });
}
