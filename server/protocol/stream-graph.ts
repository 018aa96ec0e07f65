/** Runs a graph as protocol v2 tells it: by `streamEvents` v3, or by its modes where its LangGraph does not have that. */
import { toError } from '../../domain/errors.ts';
import type { ServableGraph } from '../context.ts';
import { taskView } from '../runs/chunks.ts';
import { createConverter } from './convert.ts';
import { PROTOCOL_MODES, type SourceEvent } from './source-event.ts';

interface ProtocolEvent {
  readonly method: string;
  readonly params: Omit<SourceEvent, 'method'>;
}

/** `now` is ms since 1970. @throws whatever the graph throws. */
export async function* streamGraph(
  graph: ServableGraph,
  input: unknown,
  config: Record<string, unknown>,
  now: () => number,
): AsyncGenerator<SourceEvent> {
  const { streamMode: _modes, subgraphs: _subgraphs, ...rest } = config;
  for await (const event of await opened(graph, input, rest, now))
    yield event.method === 'tasks' ? { ...event, data: taskView(event.data) } : event;
}

async function opened(
  graph: ServableGraph,
  input: unknown,
  config: Record<string, unknown>,
  now: () => number,
): Promise<AsyncIterable<SourceEvent>> {
  try {
    return plain(await graph.streamEvents(input, { ...config, version: 'v3' }));
  } catch (error) {
    // The words of LangChain's own `streamEvents`, which an older LangGraph inherits.
    if (!/Only versions "v1" and "v2" of the schema/.test(toError(error).message)) throw error;
    return byModes(graph, input, config, now);
  }
}

async function* plain(events: AsyncIterable<unknown>): AsyncGenerator<SourceEvent> {
  for await (const raw of events) {
    const { method, params } = raw as ProtocolEvent; // LangGraph's own
    yield { ...params, method };
  }
}

async function* byModes(
  graph: ServableGraph,
  input: unknown,
  config: Record<string, unknown>,
  now: () => number,
): AsyncGenerator<SourceEvent> {
  const convert = createConverter(now);
  for await (const raw of await graph.stream(input, {
    ...config,
    streamMode: PROTOCOL_MODES.filter((mode) => mode !== 'messages'),
    subgraphs: true,
  })) {
    const [namespace, mode, data] = raw as [readonly string[] | null, string, unknown]; // modes and subgraphs: LangGraph gives triples
    yield* convert([namespace ?? [], mode, data]);
  }
}
