/** Loads what `langgraph.json` names: the graphs, the project's own routes, and its auth. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hono } from 'hono';
import { toError, UsageError } from '../../domain/errors.ts';
import type { GraphSchemas, ServableGraph, ServedGraph } from '../context.ts';
import { type ModulePath, type ProjectConfig, readProject } from './config.ts';
import { type GraphFactory, graphOf, NO_SCHEMAS, READS, withStores } from './graph.ts';
import { loadExport, prepareModules } from './modules.ts';

export interface Project {
  readonly config: ProjectConfig;
  readonly graphs: ReadonlyMap<string, ServedGraph>;
  /** The project's own routes. */
  readonly app: Hono | undefined;
  /** What `auth.path` exports, unchecked. */
  readonly auth: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  readonly file: string;
  /** The governor's own graphs, by the name under which `runtime/entry.ts` exports them. */
  readonly builtin: ReadonlyMap<string, ServedGraph>;
  /** Told when a graph's schemas cannot be read. */
  readonly warn?: (message: string) => void;
  /** How long a reading of types that failed stands before the next one is tried, in ms. */
  readonly retryMs?: number;
}

/** A reading that fails may take half a minute, each time. */
const RETRY_MS = 10 * 60_000;

/**
 * Apply the `env` of `readProject` before: modules read the environment as they load.
 * @throws UsageError naming the graph, its file, its export, and what is there.
 */
export async function loadProject({ file, builtin, warn = () => {}, retryMs = RETRY_MS }: LoadOptions): Promise<Project> {
  const config = readProject(file);
  const paths = [...config.graphs.values(), config.app, config.auth].filter((path) => path !== undefined);
  await prepareModules(
    config.tsconfig,
    paths.filter((path) => !isEntry(path.file)).map((path) => path.file),
  );
  const graphs = new Map<string, ServedGraph>();
  const reading: Reading = { warn, retryMs, inTurn: inTurn() };
  // One after the other: what the modules share loads once, and the first error is always the same one.
  for (const [id, path] of config.graphs)
    graphs.set(id, isEntry(path.file) ? ofBuiltin(id, path, builtin) : await loadGraph(id, path, reading));
  return {
    config,
    graphs,
    app: config.app === undefined ? undefined : await loadApp(config.app),
    auth: config.auth === undefined ? undefined : await loadExport('auth.path', config.auth),
    env: config.env,
    warnings: config.warnings,
  };
}

/** This package's `runtime/entry`, as source or built: its graphs are already here, and have the home around them. */
function isEntry(file: string): boolean {
  let root = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  const real = existsSync(file) ? realpathSync(file) : file;
  return ['runtime/entry.ts', 'dist/runtime/entry.js'].some((entry) => [join(root, entry), join(realpathSync(root), entry)].includes(real));
}

function ofBuiltin(id: string, path: ModulePath & { description: string | undefined }, builtin: LoadOptions['builtin']): ServedGraph {
  const graph = builtin.get(path.exported);
  if (graph === undefined)
    throw new UsageError(`graph "${id}": ${path.file} has no graph "${path.exported}"; it has ${[...builtin.keys()].join(', ')}`);
  if (graph.id === id && (path.description === undefined || path.description === graph.description)) return graph;
  return { ...graph, id, description: path.description ?? graph.description };
}

async function loadGraph(id: string, path: ModulePath & { description: string | undefined }, reading: Reading): Promise<ServedGraph> {
  const what = `graph "${id}"`;
  const graph = await graphOf(`${what}: ${path.file}:${path.exported}`, await loadExport(what, path));
  const make: GraphFactory = typeof graph === 'function' ? graph : async () => graph;
  const read = kept(() => schemasOf(what, path, make, reading), reading.retryMs);
  return {
    id,
    description: path.description,
    open: async (config, { saver, store, access = READS }) => withStores(await make(config, access), saver, store),
    schemas: async () => (await read()).get('') ?? NO_SCHEMAS,
    subgraphSchemas: async () => Object.fromEntries([...(await read())].filter(([namespace]) => namespace !== '')),
  };
}

/** The graph under '' and its subgraphs under their namespaces. Never throws: a graph without schemas is served all the same. */
async function schemasOf(
  what: string,
  path: ModulePath,
  make: GraphFactory,
  { warn, inTurn }: Reading,
): Promise<Made<ReadonlyMap<string, GraphSchemas>>> {
  const { runtimeSchemas, subgraphsOf, typeSchemas } = await import('./schemas.ts');
  const parts = new Map<string, unknown>();
  try {
    const graph: ServableGraph = await make({ configurable: {} }, READS);
    parts.set('', graph);
    for (const [namespace, subgraph] of await subgraphsOf(graph)) parts.set(namespace, subgraph);
  } catch (thrown) {
    warn(`${what}: cannot be made without a run's config, so its schemas come from its types: ${toError(thrown).message}`);
    if (!parts.has('')) parts.set('', undefined);
  }
  const found = new Map([...parts].map(([namespace, part]) => [namespace, runtimeSchemas(part)] as const));
  if (![...found.values()].includes(undefined)) return { value: withProblem(found, undefined), lasting: true };
  let types: ReadonlyMap<string, GraphSchemas> | undefined;
  let problem = `${what}: its state says no schemas at run time, and @langchain/langgraph-api, which reads them from types, is not installed in the project`;
  let failed = false;
  try {
    types = await inTurn(() => typeSchemas(path));
    if (types !== undefined) problem = `${what}: the types of ${path.file} say no schemas`;
  } catch (thrown) {
    problem = `${what}: its schemas cannot be read from the types of ${path.file}: ${toError(thrown).message}`;
    warn(problem);
    failed = true;
  }
  const read = [...found].map(([namespace, schemas]) => [namespace, schemas ?? types?.get(namespace)] as const);
  return { value: withProblem(new Map(read), problem), lasting: !failed };
}

/** Where none are known, why. */
function withProblem(found: ReadonlyMap<string, GraphSchemas | undefined>, problem: string | undefined): ReadonlyMap<string, GraphSchemas> {
  const unknown = problem === undefined ? NO_SCHEMAS : { ...NO_SCHEMAS, problem };
  return new Map([...found].map(([namespace, schemas]) => [namespace, schemas ?? unknown]));
}

interface Reading {
  readonly warn: (message: string) => void;
  readonly retryMs: number;
  readonly inTurn: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

/** One after the other: each reading of types is a TypeScript compiler of some hundred megabytes. */
function inTurn(): Reading['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}

interface Made<Value> {
  readonly value: Value;
  /** False: it may be better another time. */
  readonly lasting: boolean;
}

/** What does not last is made again once `retryMs` have passed since it was made; until then it is what is known. */
function kept<Value>(make: () => Promise<Made<Value>>, retryMs: number): () => Promise<Value> {
  let made: Promise<Made<Value>> | undefined;
  let until = Number.POSITIVE_INFINITY;
  return async () => {
    if (performance.now() >= until) made = undefined;
    if (made === undefined) {
      until = Number.POSITIVE_INFINITY;
      made = make();
    }
    const asked = made;
    const { value, lasting } = await asked;
    if (!lasting && asked === made && until === Number.POSITIVE_INFINITY) until = performance.now() + retryMs;
    return value;
  };
}

async function loadApp(path: ModulePath): Promise<Hono> {
  const app = await loadExport('http.app', path);
  if (typeof app === 'object' && app !== null && 'fetch' in app && typeof app.fetch === 'function' && 'routes' in app)
    return app as unknown as Hono; // of the project's own copy of Hono
  throw new UsageError(`http.app: ${path.file}:${path.exported} must be a Hono app; it is ${typeof app}`);
}
