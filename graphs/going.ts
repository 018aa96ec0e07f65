/** A node that says itself where its graph goes on: LangGraph then runs no branch after it, which costs as much as a small node. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { Command, type Send } from '@langchain/langgraph';

type Node<S> = (state: S, config: RunnableConfig) => Promise<Partial<S>>;

/**
 * `onward` is a branch as for `addConditionalEdges`, total and pure. It sees the state as the node leaves it, so each channel that it reads must be one that an
 * update replaces. Give the node its `ends`, for drawings.
 */
export function going<S extends object>(node: Node<S>, onward: (state: S) => string | Send | (string | Send)[]) {
  return async (state: S, config: RunnableConfig) => {
    const update = await node(state, config);
    return new Command({ update, goto: onward({ ...state, ...update }) });
  };
}
