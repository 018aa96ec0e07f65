/** What the governed part of the server stands on: the home, and the governor graph for reading and editing its threads. */
import type { StateSnapshot } from '@langchain/langgraph';
import type { Served } from '../../domain/server-stores.ts';
import type { governorGraph } from '../../graphs/governor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

export const GOVERNOR = 'governor';

type Graph = ReturnType<ReturnType<typeof governorGraph>['compile']>;

export interface Governed {
  readonly runtime: Runtime;
  readonly served: Served;
  /** With the home's saver; nothing runs in it. LangGraph is loaded by whoever asks first. */
  graph(): Promise<Graph>;
}

export function openGoverned(runtime: Runtime): Governed {
  let made: Promise<Graph> | undefined;
  const graph = (): Promise<Graph> => {
    made ??= compiled(runtime);
    return made;
  };
  return { runtime, served: runtime.stores.served, graph };
}

async function compiled(runtime: Runtime): Promise<Graph> {
  const { governorGraph } = await import('../../graphs/governor.ts');
  return governorGraph(async ({ threadId }) => {
    throw new Error(`thread ${threadId}: runs only through its runner`);
  }).compile({ checkpointer: await runtime.stores.saver(), name: GOVERNOR });
}

export const latestState = async ({ graph }: Pick<Governed, 'graph'>, threadId: string): Promise<StateSnapshot> =>
  (await graph()).getState({ configurable: { thread_id: threadId } });
