/** Governor's own graphs, as the server serves them. */
import { z } from 'zod';
import { builderGraph } from '../../graphs/builder.ts';
import { outsideSessions } from '../../runtime/drive/outside-sessions.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { GraphSchemas, ServableGraph, ServedGraph } from '../context.ts';
import { withStores } from '../project/graph.ts';
import { GOVERNOR, governedGraph } from './graph.ts';

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
  const find = outsideSessions(async () => runtime);
  const governor: ServedGraph = {
    id: GOVERNOR,
    description: DESCRIPTIONS[GOVERNOR],
    governed: true,
    open: async () => governedGraph(runtime) as unknown as ServableGraph, // the same class, narrowed to what the server uses
    schemas: async () => schemas(),
    subgraphSchemas: async () => ({}),
  };
  const alone = builderGraph(find) as unknown as ServableGraph; // the same class, narrowed to what the server uses
  const builder: ServedGraph = {
    id: BUILDER,
    description: DESCRIPTIONS[BUILDER],
    governed: false,
    open: async (_config, { saver, store }) => withStores(alone, saver, store),
    schemas: async () => schemas(),
    subgraphSchemas: async () => ({}),
    begins: true,
  };
  return new Map([
    [GOVERNOR, governor],
    [BUILDER, builder],
  ]);
}
