/** What the governed part of the server stands on: the home, and the governor graph for reading and editing its threads. */
import type { StateSnapshot } from '@langchain/langgraph';
import type { Served } from '../../domain/server-stores.ts';
import { governorGraph } from '../../graphs/governor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

export const GOVERNOR = 'governor';

type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

export interface Governed {
  readonly runtime: Runtime;
  readonly served: Served;
  /** With the home's saver; nothing runs in it. */
  readonly graph: Graph;
}

export function openGoverned(runtime: Runtime): Governed {
  const graph = governorGraph(async ({ threadId }) => {
    throw new Error(`thread ${threadId}: runs only through its runner`);
  }).compile({ checkpointer: runtime.stores.saver, name: GOVERNOR });
  return { runtime, served: runtime.stores.served, graph };
}

export const latestState = ({ graph }: Pick<Governed, 'graph'>, threadId: string): Promise<StateSnapshot> =>
  graph.getState({ configurable: { thread_id: threadId } });
