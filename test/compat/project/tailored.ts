/** A factory: the graph has as many nodes as its configuration says, and says what it was given. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (old, now) => [...old, ...now], default: () => [] }),
});

export const graph = (config: RunnableConfig) => {
  const tone = String(config.configurable?.['tone'] ?? 'plain');
  return new StateGraph(State)
    .addNode('speak', (_state, inner: RunnableConfig) => ({
      said: [
        `made ${tone}`,
        `run ${String(inner.configurable?.['tone'] ?? 'plain')}`,
        `colour ${String(inner.configurable?.['x-colour'] ?? 'none')}`,
      ],
    }))
    .addEdge(START, 'speak')
    .addEdge('speak', END)
    .compile();
};
