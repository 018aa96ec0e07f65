/** Governor's own graphs, as the server serves them. */
import { z } from 'zod';
import { outsideGraphs } from '../../runtime/graphs.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { GraphSchemas, ServableGraph, ServedGraph } from '../context.ts';
import type { Governs } from '../project/governs.ts';
import { withStores } from '../project/graph.ts';
import type { Snapshot } from '../threads/views.ts';
import { admitGoverned } from './admit.ts';
import { beginGoverned } from './begin.ts';
import { assertGlassBroken } from './break-glass.ts';
import { editGoverned } from './edit.ts';
import { GOVERNOR, type Governed, latestState, openGoverned } from './graph.ts';
import { runGoverned } from './run.ts';
import { createAgentEvents } from './told.ts';
import { governedValues } from './view.ts';

const BUILDER = 'builder';
const DESCRIPTIONS = {
  [GOVERNOR]: 'Planner, Builder, Reviewer, Deployer: a goal and a repository in, an approved release or one reason code out.',
  [BUILDER]: 'The builder alone: it hands over a candidate, and releases nothing.',
} as const;

const start = z.strictObject({ goal: z.string(), repo: z.string().optional() });
const values = z.looseObject({ goal: z.string(), repo: z.string(), messages: z.array(z.unknown()).optional() });

function schemas(): GraphSchemas {
  const input = z.toJSONSchema(start);
  const state = z.toJSONSchema(values);
  return { input, output: state, state, config: {}, context: {} };
}

/** By the name under which `runtime/entry.ts` exports them. */
export function builtinGraphs(runtime: Runtime): ReadonlyMap<string, ServedGraph> {
  const governed = openGoverned(runtime);
  const governor: ServedGraph = {
    id: GOVERNOR,
    description: DESCRIPTIONS[GOVERNOR],
    governs: governsOf(governed),
    open: async () => governed.graph as unknown as ServableGraph, // the same class, narrowed to what the server uses
    schemas: async () => schemas(),
    subgraphSchemas: async () => ({}),
  };
  const alone = outsideGraphs(async () => runtime).builder as unknown as ServableGraph; // the same class, narrowed to what the server uses
  const builder: ServedGraph = {
    id: BUILDER,
    description: DESCRIPTIONS[BUILDER],
    begin: (caller, ask, scope) => beginGoverned(governed, caller, ask, scope),
    open: async (_config, { saver, store }) => withStores(alone, saver, store),
    schemas: async () => schemas(),
    subgraphSchemas: async () => ({}),
  };
  return new Map([
    [GOVERNOR, governor],
    [BUILDER, builder],
  ]);
}

const governsOf = (governed: Governed): Governs => ({
  admit: (caller, ask) => admitGoverned(governed, caller, ask),
  run: (run, options) => runGoverned(governed, run, options),
  protocolEvents: createAgentEvents,
  assertEditable: (caller, threadId) => assertGlassBroken(governed, caller, threadId),
  edit: (caller, threadId, edit) => editGoverned(governed, caller, threadId, edit),
  latest: async (threadId) => (await latestState(governed, threadId)) as unknown as Snapshot, // LangGraph's own
  shown: governedValues,
});
