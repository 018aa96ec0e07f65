/**
 * Says at run time which members a graph's state and input have. A server that finds no schemas reads them from TypeScript, with a
 * compiler of its own: that takes long, and where it takes too long the official one answers 500.
 */

type JsonSchema = Readonly<Record<string, unknown>>;

export interface Members {
  /** Names of the channels. */
  readonly state: readonly string[];
  readonly input: JsonSchema;
}

const objectOf = (names: readonly string[]): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, {}])),
});

/** Of a graph that is started from inside: whatever its parent gives it. */
export const anyOf = (names: readonly string[]): Members => ({ state: names, input: objectOf(names) });

/** The graph itself. Members that every reader of schemas looks for, in the form of LangGraph's `StateSchema`; nothing runs differently. */
export function described<Graph extends object>(graph: Graph, { state, input }: Members): Graph {
  const definition = { getJsonSchema: () => objectOf(state), getInputJsonSchema: () => input };
  return Object.assign(graph, {
    _schemaRuntimeDefinition: definition,
    _inputRuntimeDefinition: definition,
    _outputRuntimeDefinition: definition,
  });
}
