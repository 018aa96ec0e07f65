/** Governor's own graphs, as the server serves them. What needs LangGraph is loaded by the first run or reading of a thread. */
import { z } from 'zod';
import type { Runtime } from '../../runtime/runtime.ts';
import type { GraphSchemas, ServableGraph, ServedGraph } from '../context.ts';
import type { Governs } from '../project/governs.ts';
import { withStores } from '../project/graph.ts';
import type { Snapshot } from '../threads/views.ts';
import { admitGoverned } from './admit.ts';
import { beginGoverned } from './begin.ts';
import { assertGlassBroken } from './break-glass.ts';
import { GOVERNOR, type Governed, latestState, openGoverned } from './graph.ts';
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
    open: async () => (await governed.graph()) as unknown as ServableGraph, // the same class, narrowed to what the server uses
    schemas: async () => schemas(),
    subgraphSchemas: async () => ({}),
  };
  let alone: ServableGraph | undefined;
  const builder: ServedGraph = {
    id: BUILDER,
    description: DESCRIPTIONS[BUILDER],
    begin: (caller, ask, scope) => beginGoverned(governed, caller, ask, scope),
    open: async (_config, { saver, store }) => {
      const { outsideGraphs } = await import('../../runtime/graphs.ts');
      alone ??= outsideGraphs(async () => runtime).builder as unknown as ServableGraph; // the same class, narrowed to what the server uses
      return withStores(alone, saver, store);
    },
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
  run: async (run, options) => (await import('./run.ts')).runGoverned(governed, run, options),
  assertEditable: (caller, threadId) => assertGlassBroken(governed, caller, threadId),
  edit: async (caller, threadId, edit) => (await import('./edit.ts')).editGoverned(governed, caller, threadId, edit),
  latest: async (threadId) => (await latestState(governed, threadId)) as unknown as Snapshot, // LangGraph's own
  shown: governedValues,
});
