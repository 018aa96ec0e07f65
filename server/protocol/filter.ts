/** Which events of a thread a reader asked for: by channel, by namespace, and from where on. */
import { z } from 'zod';
import { CHANNELS, type Channel, type ThreadEvent } from '../../domain/thread-events.ts';

const MOST_CHANNELS = 100;
const MOST_NAMESPACES = 1000;
const MOST_PARTS = 50;
const PART = 500;

const channel = z
  .string()
  .max(PART)
  .refine((word) => CHANNELS.some((one) => one === word) || /^custom:./.test(word), {
    error: `must be one of ${CHANNELS.join(', ')}, custom:<name>`,
  });

const namespaceSchema = z.array(z.string().max(PART)).max(MOST_PARTS);

export const filterSchema = z
  .strictObject({
    channels: z.array(channel).min(1).max(MOST_CHANNELS),
    namespaces: z.array(namespaceSchema).max(MOST_NAMESPACES).nullish(),
    depth: z.number().int().min(0).nullish(),
    since: z.number().int().min(0).nullish(),
  })
  .meta({ id: 'EventStreamRequest' });

export type Filter = z.output<typeof filterSchema>;

/** The channels to read; a named one is a part of `custom`. */
export function channelsOf({ channels }: Filter): readonly Channel[] {
  return CHANNELS.filter((one) => channels.some((word) => word === one || (one === 'custom' && word.startsWith('custom:'))));
}

export function isWanted({ channels, namespaces, depth }: Filter, event: Pick<ThreadEvent, 'channel' | 'name' | 'namespace'>): boolean {
  const named = event.name === undefined ? undefined : `custom:${event.name}`;
  if (!channels.some((word) => word === event.channel || word === named)) return false;
  if (namespaces === undefined || namespaces === null || namespaces.length === 0) return true;
  return namespaces.some(
    (prefix) => isBelow(event.namespace, prefix) && event.namespace.length - prefix.length <= (depth ?? Number.POSITIVE_INFINITY),
  );
}

/** `build` is the place of `build:1f0...` too: clients name nodes, LangGraph adds the task. */
export function isBelow(namespace: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((part, index) => {
    const found = namespace[index];
    return found !== undefined && (found === part || (!part.includes(':') && found.split(':', 1)[0] === part));
  });
}
