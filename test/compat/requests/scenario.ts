/** A list of requests with a name; each server gets them in this order. */

import { until } from '../../until.ts';
import type { Answer, Wire } from '../wire.ts';

export interface Scenario {
  readonly name: string;
  run(wire: Wire): Promise<void>;
}

/** A member of any JSON. */
export const part = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);

/** A member of a JSON body. */
export const of = (answer: Answer | undefined, ...path: readonly (string | number)[]): unknown => part(answer?.body, ...path);

/** A thread that is not compared, under a name. */
export async function thread(wire: Wire, name: string, body: Record<string, unknown> = {}): Promise<string> {
  const made = await wire.quiet('POST', '/threads', { body });
  return wire.name(of(made, 'thread_id'), name);
}

/** A thread on which a graph has run to its end, or to its gate. */
export async function ran(wire: Wire, name: string, graph: string, body: Record<string, unknown> = {}): Promise<string> {
  const id = await thread(wire, name);
  await wire.quiet('POST', `/threads/${id}/runs/wait`, { body: { assistant_id: graph, input: {}, ...body } });
  return id;
}

export const MISSING = '00000000-0000-4000-8000-00000000dead';

/** Looks until the run has this status, as a client that polls. */
export function untilStatus(wire: Wire, threadId: string, runId: string, statuses: readonly string[]): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const status = String(of(await wire.quiet('GET', `/threads/${threadId}/runs/${runId}`), 'status'));
    return statuses.includes(status) ? status : undefined;
  };
  return until(look, `run ${runId} to be ${statuses.join(' or ')}`, { everyMs: 50 });
}
