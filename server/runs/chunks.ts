/** From what a graph streams to the events of the API: names, namespaces, and the forms that clients expect. */
import { checkpointOf } from '../threads/views.ts';

/** `[namespace, mode, data]` */
export type Chunk = readonly [namespace: readonly string[], mode: string, data: unknown];

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

interface Message {
  readonly id?: string | undefined;
  concat?(other: unknown): Message;
}

/** The modes that the graph must be asked for. `events` goes another way. */
export function graphModes(asked: readonly string[]): string[] {
  const modes = asked.filter((mode) => mode !== 'events').map((mode) => (mode === 'messages-tuple' ? 'messages' : mode));
  if (asked.includes('messages')) modes.push('values');
  return [...new Set(modes)];
}

/** One a run: remembers which messages it has told. */
export function createTranslator(asked: readonly string[]): (chunk: Chunk) => ServerEvent[] {
  const partial = new Map<string, Message>();
  const complete = new Set<string>();
  const named = (mode: string, namespace: readonly string[]): string => [mode, ...namespace].join('|');

  const tokens = (data: unknown): ServerEvent[] => {
    const [message, metadata] = data as [Message, unknown]; // the form of the mode `messages`
    // A whole message comes again with the values; only what grows is partial.
    if (message.id === undefined || typeof message.concat !== 'function') return [];
    const before = partial.get(message.id);
    const grown = before?.concat?.(message) ?? message;
    partial.set(message.id, grown);
    const first = before === undefined ? [{ event: 'messages/metadata', data: { [message.id]: { metadata } } }] : [];
    return [...first, { event: 'messages/partial', data: [grown] }];
  };

  const completed = (data: unknown): ServerEvent[] => {
    const held = typeof data === 'object' && data !== null && 'messages' in data ? data.messages : undefined;
    const found: Message[] = [];
    for (const message of (Array.isArray(held) ? held : held === undefined || held === null ? [] : [held]) as Message[]) {
      // whatever the graph calls messages
      if (typeof message !== 'object' || message === null || message.id === undefined || complete.has(message.id)) continue;
      complete.add(message.id);
      found.push(message);
    }
    return found.length === 0 ? [] : [{ event: 'messages/complete', data: found }];
  };

  return ([namespace, mode, raw]) => {
    const events: ServerEvent[] = [];
    const data = shaped(mode, raw, asked.includes('checkpoints'));
    if (mode === 'messages') {
      if (asked.includes('messages-tuple')) events.push({ event: named('messages', namespace), data });
      if (asked.includes('messages')) events.push(...tokens(data));
      return events;
    }
    if (asked.includes(mode)) events.push({ event: named(mode, namespace), data });
    if (mode === 'values' && asked.includes('messages')) events.push(...completed(data));
    return events;
  };
}

function shaped(mode: string, raw: unknown, wholeCheckpoints: boolean): unknown {
  if (typeof raw !== 'object' || raw === null) return raw;
  const data = raw as Record<string, unknown>; // narrowed above
  if (mode === 'tasks') return taskView(data);
  if (mode === 'checkpoints' && wholeCheckpoints && 'values' in data)
    return { values: data['values'], metadata: data['metadata'], next: data['next'] };
  if (mode !== 'debug') return raw;
  const payload = data['payload'];
  if (typeof payload !== 'object' || payload === null) return raw;
  if (data['type'] === 'checkpoint') return { ...data, payload: checkpoint(payload as Record<string, unknown>) }; // narrowed above
  return data['type'] === 'task_result' ? { ...data, payload: taskView(payload as Record<string, unknown>) } : raw; // narrowed above
}

/** Studio draws its timeline from these members. */
function checkpoint(payload: Record<string, unknown>): Record<string, unknown> {
  const { parentConfig, ...rest } = payload;
  const tasks = Array.isArray(payload['tasks']) ? payload['tasks'] : [];
  return {
    ...rest,
    checkpoint: checkpointOf(payload['config']),
    parent_checkpoint: checkpointOf(parentConfig),
    tasks: tasks.map((one: Record<string, unknown>) => taskView(one)),
    config: outside(payload['config']),
    parent_config: outside(parentConfig),
  };
}

/** A task with the place of its subgraph, not with its config. */
export function taskView(one: unknown): unknown {
  if (typeof one !== 'object' || one === null || !('state' in one)) return one;
  const { state, ...rest } = one;
  const at = checkpointOf(state, true);
  if (at === null) return one;
  return { ...rest, checkpoint: at };
}

/** A config without what only the running graph knows, and without its caller: others may read the stream. */
function outside(config: unknown): unknown {
  if (typeof config !== 'object' || config === null) return config;
  const { callbacks: _callbacks, ...rest } = config as Record<string, unknown>; // narrowed above
  const configurable = rest['configurable'];
  if (typeof configurable !== 'object' || configurable === null) return rest;
  return {
    ...rest,
    configurable: Object.fromEntries(Object.entries(configurable).filter(([key]) => !/^(__|langgraph_auth_|x-)/.test(key))),
  };
}
