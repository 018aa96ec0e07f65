/** What an export of the project is: a graph, a builder of one, a function that makes one; of any version of LangGraph. */
import type { BaseStore } from '@langchain/langgraph';
import type { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint';
import { UsageError } from '../../domain/errors.ts';
import type { GraphAccess, GraphSchemas, ServableGraph } from '../context.ts';

export const NO_SCHEMAS: GraphSchemas = { input: null, output: null, state: null, config: null, context: null };

export type GraphFactory = (config: Record<string, unknown>, runtime: GraphAccess) => Promise<ServableGraph>;

export const READS: GraphAccess = { accessContext: 'assistants.read', executionRuntime: null };

/** @throws UsageError saying what `exported` is instead of a graph. */
export async function graphOf(what: string, exported: unknown): Promise<ServableGraph | GraphFactory> {
  const value = await exported;
  if (typeof value !== 'function') return compiled(what, value);
  return async (config, runtime) => compiled(`${what}, returned by its function`, await value(config, runtime));
}

/** No `instanceof`: the project may bring its own copy of LangGraph. */
function compiled(what: string, value: unknown): ServableGraph {
  const ready = isObject(value) && !isPregel(value) && typeof value['compile'] === 'function' ? value['compile']() : value;
  // `createAgent` gives a wrapper around the graph.
  const inner = isObject(ready) && isObject(ready['graph']) && isPregel(ready['graph']) ? ready['graph'] : ready;
  if (isObject(inner) && isPregel(inner)) return inner as unknown as ServableGraph; // a Pregel has all of it
  throw new UsageError(`${what}: must be a compiled graph, a graph builder, or a function that returns one; it is ${shown(value)}`);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isPregel = (value: Record<string, unknown>): boolean =>
  typeof value['stream'] === 'function' && isObject(value['nodes']) && (value['lg_is_pregel'] === true || isObject(value['channels']));

function shown(value: unknown): string {
  if (!isObject(value)) return value === undefined ? 'undefined' : `${typeof value} ${JSON.stringify(value)?.slice(0, 60)}`;
  const name: unknown = value.constructor?.name;
  return `an object${typeof name === 'string' && name !== 'Object' ? ` of class ${name}` : ` with ${Object.keys(value).slice(0, 8).join(', ')}`}`;
}

/**
 * The same graph with this saver and store in place of what it was compiled with; requests share the graph and never change it.
 * A copy by its own class, as `withConfig` does: Pregel has private members, which a copy by prototype would lack.
 */
export function withStores(graph: ServableGraph, saver: BaseCheckpointSaver, store: BaseStore): ServableGraph {
  const own = { checkpointer: saver, store };
  // Validation adds to a table that the copy shares with its original.
  const copy: ServableGraph = Reflect.construct(graph.constructor, [{ ...graph, ...own, autoValidate: false }]);
  return Object.assign(copy, graph, own);
}
