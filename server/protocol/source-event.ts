/** One event of a run on its way into its thread's stream, and the form in which it is kept. */
import { CHANNELS, type Channel, type NewThreadEvent } from '../../domain/thread-events.ts';
import { toJson } from '../http/endpoint.ts';

/** Longest event, in characters; of a longer one only that it was too long is told. */
const MAX_EVENT = 16 * 1024 * 1024;

export interface SourceEvent {
  /** A channel, `input.requested`, `input.answered`, or `custom:<name>` of an extension. */
  readonly method: string;
  readonly namespace: readonly string[];
  readonly node?: string | undefined;
  /** ms since 1970. */
  readonly timestamp: number;
  readonly data: unknown;
}

const isChannel = (word: string): word is Channel => CHANNELS.some((channel) => channel === word);

/** Undefined for a method that is on no channel. */
export function threadEvent(event: SourceEvent): NewThreadEvent | undefined {
  const { method, namespace, node, timestamp } = event;
  const channel = method.startsWith('input.') ? 'input' : method;
  if (!isChannel(channel)) return undefined;
  const params = toJson({ namespace, timestamp, ...(node === undefined ? {} : { node }), data: event.data });
  if (params.length > MAX_EVENT) return tooLong(event, params.length);
  const name = channel === 'custom' ? nameOf(event.data) : undefined;
  return { channel, method, namespace, params, ...(name === undefined ? {} : { name }) };
}

function nameOf(data: unknown): string | undefined {
  const name: unknown = typeof data === 'object' && data !== null && 'name' in data ? data.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

const TOO_LONG = 'event-too-long';

function tooLong({ method, namespace, timestamp }: SourceEvent, characters: number): NewThreadEvent {
  const payload = { method, characters, most: MAX_EVENT };
  const params = toJson({ namespace, timestamp, data: { name: TOO_LONG, payload } });
  return { channel: 'custom', method: 'custom', name: TOO_LONG, namespace, params };
}

/** What to ask a graph for that is streamed by modes. */
export const PROTOCOL_MODES = ['values', 'updates', 'messages', 'tools', 'custom', 'tasks', 'checkpoints'] as const;
