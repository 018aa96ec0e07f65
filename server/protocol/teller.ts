/** Tells the followers of a thread of one run on it: the root's lifecycle, what the graph streams, and what the run ends with. */
import { z } from 'zod';
import type { RunEnd, RunLease, ServedRun } from '../../domain/served.ts';
import type { NewThreadEvent } from '../../domain/thread-events.ts';
import type { Server } from '../context.ts';
import type { Governs } from '../project/governs.ts';
import type { Chunk } from '../runs/chunks.ts';
import { type SourceEvent, threadEvent } from './source-event.ts';
import { createThreadWriter, type ThreadWriter } from './writer.ts';

/** What a command of protocol v2 leaves in the kwargs of the run that it puts. */
export const protocolKwargs = z.object({
  /** Interrupts that the run answers. */
  answered: z.array(z.string()).optional(),
});

export interface Teller {
  /** An event of the graph, in the protocol's form. */
  event(event: SourceEvent): Promise<void>;
  /** What a graph streams by modes. */
  chunk(chunk: Chunk): Promise<void>;
  /** @throws what storing an event met. */
  flush(): Promise<void>;
  /** The last events, for the transaction of the end. */
  end(end: RunEnd): Promise<RunEnd['told']>;
}

interface Telling {
  readonly server: Server;
  readonly run: ServedRun;
  readonly graphName: string;
  readonly writer: ThreadWriter;
  /** Interrupt id -> where it was raised. */
  readonly raised: Map<string, readonly string[]>;
  /** The root's values were told. */
  hasValues: boolean;
}

/**
 * Undefined where nobody follows the thread: neither this run nor another one of it was asked for by protocol v2, and no record is kept of
 * it. Begins with `running`, once: a run that is taken over goes on. @throws FencedError
 */
export async function openTeller(server: Server, run: ServedRun, lease: RunLease): Promise<Teller | undefined> {
  if (run.temporary) return undefined;
  const asked = protocolKwargs.safeParse(run.kwargs['protocol']);
  const assistant = await server.served.assistants.get({ tenant: run.tenant }, run.assistantId);
  const graphName = assistant?.graphId ?? run.assistantId;
  const governs = server.graphs.get(graphName)?.governs;
  const { threadEvents } = server.served;
  if (!asked.success && governs === undefined && (await threadEvents.lasts([run.threadId])).size === 0) return undefined;
  const telling: Telling = { server, run, graphName, writer: createThreadWriter(server, lease), raised: new Map(), hasValues: false };
  if (!(await threadEvents.has(run.runId))) {
    await write(telling, lifecycle(telling, 'running'));
    const ids = asked.data?.answered ?? [];
    if (ids.length > 0) await write(telling, root(telling, 'input.answered', { interrupt_ids: ids }));
    await telling.writer.flush();
    // Readers come before the graph, whose first steps may not let go of this process.
    await new Promise((turn) => setImmediate(turn));
  }
  return tellerOf(telling, governs);
}

async function tellerOf(telling: Telling, governs: Governs | undefined): Promise<Teller> {
  // It brings LangGraph, which a server that only answers does without.
  const { createConverter } = await import('./convert.ts');
  const convert = createConverter(() => telling.server.runtime.clock.now(), governs?.protocolEvents());
  const event = async (one: SourceEvent): Promise<void> => {
    for (const told of shown(telling, one)) await write(telling, told);
  };
  return {
    event,
    chunk: async (chunk) => {
      for (const one of convert(chunk)) await event(one);
    },
    flush: () => telling.writer.flush(),
    end: async (end) => {
      await telling.writer.flush();
      const events = lastOf(telling, end)
        .map(threadEvent)
        .filter((one): one is NewThreadEvent => one !== undefined);
      return { events, mostCharacters: telling.server.limits.threadEventCharacters };
    },
  };
}

async function write({ writer }: Telling, event: SourceEvent): Promise<void> {
  const kept = threadEvent(event);
  if (kept !== undefined) await writer.write(kept);
}

const root = ({ server }: Telling, method: string, data: unknown): SourceEvent => ({
  method,
  namespace: [],
  timestamp: server.runtime.clock.now(),
  data,
});

const lifecycle = (telling: Telling, event: string, more: { readonly error?: string } = {}): SourceEvent =>
  root(telling, 'lifecycle', { event, graph_name: telling.graphName, ...more });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const CUSTOM = 'custom:';

/** As clients see it: the root's lifecycle is the run's own, and what the graph asks is told with the end, when it can be answered. */
function shown(telling: Telling, event: SourceEvent): readonly SourceEvent[] {
  const { method, namespace, data } = event;
  if (method === 'lifecycle') return namespace.length === 0 ? [] : [event];
  if (method.startsWith(CUSTOM)) return [{ ...event, method: 'custom', data: { name: method.slice(CUSTOM.length), payload: data } }];
  if (method === 'updates') return updates(telling, event);
  if (method !== 'values' || !isObject(data)) return [event];
  const { __interrupt__: interrupts, ...values } = data;
  remember(telling, namespace, interrupts);
  if (interrupts !== undefined && Object.keys(values).length === 0) return [];
  if (namespace.length === 0) telling.hasValues = true;
  return [{ ...event, data: values }];
}

/** LangGraph's data of an update is `{ node, values }`; on the wire the node is a parameter. */
function updates(telling: Telling, event: SourceEvent): readonly SourceEvent[] {
  const { data } = event;
  if (!isObject(data) || !('values' in data)) return [event];
  const { node, values } = data;
  if (node !== '__interrupt__') return [{ ...event, node: typeof node === 'string' ? node : event.node, data: values }];
  remember(telling, event.namespace, values);
  return [];
}

function remember({ raised }: Telling, namespace: readonly string[], interrupts: unknown): void {
  if (!Array.isArray(interrupts)) return;
  for (const one of interrupts) {
    const id: unknown = isObject(one) ? one['id'] : undefined;
    // The innermost graph tells it first.
    if (typeof id === 'string' && !raised.has(id)) raised.set(id, namespace);
  }
}

/** Values where none were told, what is asked, and how it ended. */
function lastOf(telling: Telling, end: RunEnd): readonly SourceEvent[] {
  const values =
    !telling.hasValues && isObject(end.values) && Object.keys(end.values).length > 0 ? [root(telling, 'values', end.values)] : [];
  const asked = Object.values(end.interrupts ?? {})
    .flat()
    .flatMap((one) => {
      if (!isObject(one) || typeof one['id'] !== 'string') return [];
      const data = { interrupt_id: one['id'], payload: one['value'] ?? null };
      return [{ ...root(telling, 'input.requested', data), namespace: telling.raised.get(one['id']) ?? [] }];
    });
  return [...values, ...asked, lifecycle(telling, ...outcomeOf(end, asked.length > 0))];
}

function outcomeOf({ status, error, paused }: RunEnd, isAsked: boolean): [event: string, more?: { readonly error: string }] {
  if (status === 'error' || status === 'timeout')
    return ['failed', { error: isObject(error) && typeof error['message'] === 'string' ? error['message'] : status }];
  return [status === 'interrupted' || isAsked || paused === true ? 'interrupted' : 'completed'];
}
