/** `LANGGRAPH_CONFIG`: what the system assistants begin with, by graph: `{"agent": {"configurable": {...}, "context": {...}}}`. */
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';
import type { Json } from '../../domain/served.ts';
import { configSchema } from '../api/schemas.ts';
import { jsonObject } from '../http/endpoint.ts';

export interface Defaults {
  readonly config: Json;
  readonly context: Json;
}

const schema = z.record(z.string(), configSchema.extend({ context: jsonObject.optional() }));

/** None where the variable is unset or empty. @throws UsageError naming what is wrong with it, or the graph that is not served. */
export function defaultsOf(text: string | undefined, graphs: readonly string[]): ReadonlyMap<string, Defaults> {
  if (text === undefined || text.trim() === '') return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`LANGGRAPH_CONFIG: must be JSON, by graph; got ${JSON.stringify(text.slice(0, 100))}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new UsageError(`LANGGRAPH_CONFIG: ${z.prettifyError(parsed.error)}`);
  const unknown = Object.keys(parsed.data).find((id) => !graphs.includes(id));
  if (unknown !== undefined)
    throw new UsageError(`LANGGRAPH_CONFIG: graph ${JSON.stringify(unknown)} is not served; served are ${graphs.join(', ')}`);
  return new Map(Object.entries(parsed.data).map(([id, { context = {}, ...config }]) => [id, { config, context }]));
}
