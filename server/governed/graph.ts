/** The governor graph for looking at its threads and editing them; nothing runs in it. */
import type { StateSnapshot } from '@langchain/langgraph';
import { governorGraph } from '../../graphs/governor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

export const GOVERNOR = 'governor';

type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

const compiled = new WeakMap<Runtime, Graph>();

/** Compiled once per home, with the home's saver. */
export function governedGraph(runtime: Runtime): Graph {
  const found = compiled.get(runtime);
  if (found !== undefined) return found;
  const graph = governorGraph(async ({ threadId }) => {
    throw new Error(`thread ${threadId}: runs only through its runner`);
  }).compile({ checkpointer: runtime.stores.saver, name: GOVERNOR });
  compiled.set(runtime, graph);
  return graph;
}

export const latestState = (runtime: Runtime, threadId: string): Promise<StateSnapshot> =>
  governedGraph(runtime).getState({ configurable: { thread_id: threadId } });
