/** The governor graph for looking at its threads and editing them; nothing runs in it. */
import type { StateSnapshot } from '@langchain/langgraph';
import { governorGraph } from '../../graphs/governor.ts';
import type { House } from '../../graphs/house.ts';

export const GOVERNOR = 'governor';

type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

const compiled = new WeakMap<House, Graph>();

/** Compiled once per home, with the home's saver. */
export function governedGraph(house: House): Graph {
  const found = compiled.get(house);
  if (found !== undefined) return found;
  const graph = governorGraph(async ({ threadId }) => {
    throw new Error(`thread ${threadId}: runs only through its runner`);
  }).compile({ checkpointer: house.stores.saver, name: GOVERNOR });
  compiled.set(house, graph);
  return graph;
}

export const latestState = (house: House, threadId: string): Promise<StateSnapshot> =>
  governedGraph(house).getState({ configurable: { thread_id: threadId } });
