/** JSON Schemas of a graph: from its zod or StateSchema definition, else from its TypeScript where the project can read that. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { getConfigTypeSchema, getInputTypeSchema, getOutputTypeSchema, getUpdateTypeSchema } from '@langchain/langgraph/zod/schema';
import type { GraphSchemas, ServableGraph } from '../context.ts';
import type { ModulePath } from './config.ts';

/** Reading the types of a large project starts a TypeScript compiler. */
const TYPES_MS = 30_000;

interface Definition {
  getJsonSchema(): unknown;
  getInputJsonSchema(): unknown;
}

/** Undefined when the graph's state is not defined by schemas. */
export function runtimeSchemas(graph: unknown): GraphSchemas | undefined {
  const builder = member(graph, 'builder');
  if (builder === undefined) return undefined;
  const state = member(builder, '_schemaRuntimeDefinition');
  const given = member(builder, '_inputRuntimeDefinition');
  // The registry of the graph's own copy of LangGraph knows its reducers.
  const registry = member(graph, '_metaRegistry') as Parameters<typeof getInputTypeSchema>[1]; // same members in every version
  const config = quietly(() => getConfigTypeSchema(graph, registry));
  const input = given === Symbol.for('langgraph.state.partial') ? state : given;
  const output = member(builder, '_outputRuntimeDefinition');
  if (isDefinition(state) || isDefinition(input) || isDefinition(output))
    return schemas({
      state: isDefinition(state) ? quietly(() => state.getJsonSchema()) : undefined,
      input: isDefinition(input) ? quietly(() => input.getInputJsonSchema()) : quietly(() => getInputTypeSchema(graph, registry)),
      output: isDefinition(output) ? quietly(() => output.getJsonSchema()) : quietly(() => getOutputTypeSchema(graph, registry)),
      config,
    });
  const found = {
    state: quietly(() => getUpdateTypeSchema(graph, registry)),
    input: quietly(() => getInputTypeSchema(graph, registry)),
    output: quietly(() => getOutputTypeSchema(graph, registry)),
    config,
  };
  return found.state === undefined && found.input === undefined && found.output === undefined ? undefined : schemas(found);
}

/** Namespace -> subgraph, however deep. */
export async function subgraphsOf(graph: ServableGraph): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const [namespace, subgraph] of graph.getSubgraphsAsync(undefined, true)) found.set(namespace, subgraph);
  return found;
}

/**
 * Graph and `graph|namespace` -> schemas, read from the types by `@langchain/langgraph-api`; undefined where the project has not
 * installed it.
 * @throws Error what the reader throws: types it does not understand, or too much time.
 */
export async function typeSchemas({ file, exported }: ModulePath): Promise<ReadonlyMap<string, GraphSchemas> | undefined> {
  let reader: string;
  try {
    reader = createRequire(file).resolve('@langchain/langgraph-api/schema');
  } catch {
    return undefined;
  }
  const module = (await import(/* @vite-ignore */ pathToFileURL(reader).href)) as SchemaReader; // its package's own types
  const read = await module.getStaticGraphSchema({ sourceFile: file, exportSymbol: exported }, { timeoutMs: TYPES_MS });
  const root = Object.keys(read).find((name) => !name.includes('|')) ?? '';
  return new Map(Object.entries(read).map(([name, parts]) => [name === root ? '' : name.slice(root.length + 1), schemas(parts)]));
}

interface SchemaReader {
  getStaticGraphSchema(
    spec: { sourceFile: string; exportSymbol: string },
    options: { timeoutMs: number },
  ): Promise<Readonly<Record<string, Parts>>>;
}

interface Parts {
  readonly state?: unknown;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly config?: unknown;
}

/** In JavaScript a graph has one schema for both its config and its context. */
const schemas = ({ state, input, output, config }: Parts): GraphSchemas => ({
  input: input ?? null,
  output: output ?? null,
  state: state ?? null,
  config: config ?? null,
  context: config ?? null,
});

/** A schema that cannot be said in JSON Schema (a transform, a class) is one that is not known. */
function quietly(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? ((holder as Record<string, unknown>)[name] ?? undefined) : undefined; // any object
}

const isDefinition = (value: unknown): value is Definition =>
  typeof member(value, 'getJsonSchema') === 'function' && typeof member(value, 'getInputJsonSchema') === 'function';
