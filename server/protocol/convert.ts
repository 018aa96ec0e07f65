/** From what a graph streams by modes to the protocol's events, with the lifecycle of its subgraphs: where it has no `streamEvents` v3. */
import { convertToProtocolEvent } from '@langchain/langgraph/stream';
import { type Chunk, taskView } from '../runs/chunks.ts';
import type { SourceEvent } from './source-event.ts';

/** Undefined: the chunk is converted like any other. */
export type OwnEvents = (chunk: Chunk, at: number) => readonly SourceEvent[] | undefined;

/** One a run: remembers which subgraphs have begun. `now` is ms since 1970; `own` is asked first. */
export function createConverter(now: () => number, own?: OwnEvents): (chunk: Chunk) => readonly SourceEvent[] {
  const begun = new Map<string, readonly string[]>();
  return (chunk) => {
    const at = now();
    const [namespace, mode, data] = chunk;
    return [
      ...started(begun, namespace, at),
      ...(own?.(chunk, at) ?? converted(chunk, at)),
      ...(mode === 'tasks' ? ended(begun, namespace, { data, at }) : []),
    ];
  };
}

const lifecycle = (namespace: readonly string[], timestamp: number, event: string): SourceEvent => ({
  method: 'lifecycle',
  namespace,
  timestamp,
  data: { event, graph_name: namespace.at(-1)?.split(':', 1)[0] ?? '' },
});

function started(begun: Map<string, readonly string[]>, namespace: readonly string[], at: number): SourceEvent[] {
  const found: SourceEvent[] = [];
  for (let length = 1; length <= namespace.length; length += 1) {
    const part = namespace.slice(0, length);
    const key = part.join('|');
    if (begun.has(key)) continue;
    begun.set(key, part);
    found.push(lifecycle(part, at, 'started'));
  }
  return found;
}

interface TaskResult {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly error?: unknown;
  readonly result?: unknown;
  readonly interrupts?: unknown;
}

/** A task that has its result ends the subgraph that ran in it, and those inside of it. */
function ended(
  begun: Map<string, readonly string[]>,
  namespace: readonly string[],
  { data, at }: { readonly data: unknown; readonly at: number },
): SourceEvent[] {
  if (typeof data !== 'object' || data === null) return [];
  const { id, name, error, interrupts, ...rest } = data as TaskResult; // LangGraph's own
  if (!('result' in rest) && (error === undefined || error === null)) return [];
  const key = [...namespace, `${String(name)}:${String(id)}`].join('|');
  const isAsking = Array.isArray(interrupts) && interrupts.length > 0;
  const event = error !== undefined && error !== null ? 'failed' : isAsking ? 'interrupted' : 'completed';
  const over = [...begun].filter(([one]) => one === key || one.startsWith(`${key}|`)).toReversed();
  return over.map(([one, part]) => {
    begun.delete(one);
    return lifecycle(part, at, event);
  });
}

function converted([namespace, mode, data]: Chunk, timestamp: number): readonly SourceEvent[] {
  if (mode === 'checkpoints') return envelope(namespace, data, timestamp);
  // LangGraph tells one node of an update; a step of several has one each.
  const parts =
    mode === 'updates' && typeof data === 'object' && data !== null
      ? Object.entries(data).map(([node, values]) => ({ [node]: values }))
      : [mode === 'tasks' ? taskView(data) : data];
  return parts.flatMap((payload) =>
    convertToProtocolEvent({ namespace: [...namespace], mode: mode as 'values', payload, seq: 0 }).map((event) => ({
      // any mode; others give nothing
      method: event.method,
      namespace: event.params.namespace,
      node: event.params.node,
      timestamp,
      data: event.params.data,
    })),
  );
}

interface WholeCheckpoint {
  readonly config?: { readonly configurable?: { readonly checkpoint_id?: unknown } };
  readonly parentConfig?: { readonly configurable?: { readonly checkpoint_id?: unknown } };
  readonly metadata?: { readonly step?: unknown; readonly source?: unknown };
}

/** The protocol's has ids and no state. */
function envelope(namespace: readonly string[], data: unknown, timestamp: number): readonly SourceEvent[] {
  if (typeof data !== 'object' || data === null) return [];
  if ('id' in data && 'source' in data) return [{ method: 'checkpoints', namespace, timestamp, data }];
  const { config, parentConfig, metadata } = data as WholeCheckpoint; // LangGraph's own
  const id = config?.configurable?.checkpoint_id;
  if (typeof id !== 'string') return [];
  const parent = parentConfig?.configurable?.checkpoint_id;
  const known = { id, ...(typeof parent === 'string' ? { parent_id: parent } : {}), step: metadata?.step, source: metadata?.source };
  return [{ method: 'checkpoints', namespace, timestamp, data: known }];
}
