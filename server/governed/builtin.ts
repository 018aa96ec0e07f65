/** Governor's own graphs, as the server serves them. What needs LangGraph is loaded by the first run or reading of a thread. */
import { z } from 'zod';
import type { Runtime } from '../../runtime/runtime.ts';
import type { GraphSchemas, ServableGraph, ServedGraph } from '../context.ts';
import type { Governs } from '../project/governs.ts';
import { NO_SCHEMAS, withStores } from '../project/graph.ts';
import type { Snapshot } from '../threads/views.ts';
import { admitGoverned } from './admit.ts';
import { beginGoverned } from './begin.ts';
import { assertGlassBroken } from './break-glass.ts';
import { GOVERNOR, type Governed, latestState, openGoverned } from './graph.ts';
import { resolveByEdit } from './resolve.ts';
import { besideState, checkpointIdOf, shownState } from './shown.ts';
import { createAgentEvents } from './told.ts';

const BUILDER = 'builder';
const DESCRIPTIONS = {
  [GOVERNOR]: 'Planner, Builder, Reviewer, Deployer: a goal and a repository in, an approved release or one reason code out.',
  [BUILDER]: 'The builder alone: it hands over a candidate, and releases nothing.',
} as const;

const start = z.strictObject({ goal: z.string(), repo: z.string().optional() });
/** What a client shows of a thread; some drop every member of a state that is not named here. */
const values = z.looseObject({
  goal: z.string(),
  repo: z.string(),
  messages: z.array(z.unknown()).optional(),
  outcome: z.enum(['released', 'unchanged', 'stopped']).nullish(),
  stop: z.looseObject({ code: z.string(), message: z.string() }).nullish(),
});

function schemas(): GraphSchemas {
  const input = z.toJSONSchema(start);
  const state = z.toJSONSchema(values);
  return { input, output: state, state, config: {}, context: {} };
}

/** The agents' graphs, by their places. */
async function subgraphSchemas(graph: ServableGraph): Promise<Readonly<Record<string, GraphSchemas>>> {
  const { runtimeSchemas, subgraphsOf } = await import('../project/schemas.ts');
  const found = [...(await subgraphsOf(graph))].map(([place, subgraph]) => [place, runtimeSchemas(subgraph) ?? NO_SCHEMAS] as const);
  return Object.fromEntries(found);
}

/** By the name under which `runtime/entry.ts` exports them. */
export function builtinGraphs(runtime: Runtime): ReadonlyMap<string, ServedGraph> {
  const governed = openGoverned(runtime);
  const whole = async (): Promise<ServableGraph> => (await governed.graph()) as unknown as ServableGraph; // the same class, narrowed to what the server uses
  const governor: ServedGraph = {
    id: GOVERNOR,
    description: DESCRIPTIONS[GOVERNOR],
    governs: governsOf(governed),
    open: whole,
    schemas: async () => schemas(),
    subgraphSchemas: async () => subgraphSchemas(await whole()),
  };
  let made: ServableGraph | undefined;
  const alone = async (): Promise<ServableGraph> => {
    const { outsideGraphs } = await import('../../runtime/graphs.ts');
    made ??= outsideGraphs(async () => runtime).builder as unknown as ServableGraph; // the same class, narrowed to what the server uses
    return made;
  };
  const builder: ServedGraph = {
    id: BUILDER,
    description: DESCRIPTIONS[BUILDER],
    begin: (caller, ask, scope) => beginGoverned(governed, caller, ask, scope),
    open: async (_config, { saver, store }) => withStores(await alone(), saver, store),
    schemas: async () => schemas(),
    subgraphSchemas: async () => subgraphSchemas(await alone()),
  };
  return new Map([
    [GOVERNOR, governor],
    [BUILDER, builder],
  ]);
}

const newestOf = async (governed: Governed, threadId: string): Promise<Snapshot> =>
  (await latestState(governed, threadId)) as unknown as Snapshot; // LangGraph's own

const governsOf = (governed: Governed): Governs => ({
  admit: (caller, ask) => admitGoverned(governed, caller, ask),
  run: async (run, options) => (await import('./run.ts')).runGoverned(governed, run, options),
  protocolEvents: createAgentEvents,
  assertEditable: (caller, threadId) => assertGlassBroken(governed, caller, threadId),
  edit: async (caller, threadId, edit) => (await import('./edit.ts')).editGoverned(governed, caller, threadId, edit),
  latest: (threadId) => newestOf(governed, threadId),
  shown: async (threadId, brief) => {
    const beside = await besideState(governed, threadId, brief);
    const ended = beside.row?.status === 'cancelled' ? checkpointIdOf(await newestOf(governed, threadId)) : undefined;
    return (snapshot) => shownState(snapshot, beside, ended);
  },
  resolve: (caller, scope, threadId) => resolveByEdit({ governed, caller }, scope, threadId),
});
