/** Fails in its second node. */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  reached: Annotation<string[]>({ reducer: (old, now) => [...old, ...now], default: () => [] }),
});

export const graph = new StateGraph(State)
  .addNode('before', () => ({ reached: ['before'] }))
  .addNode('breaks', () => {
    throw new RangeError('the second node always fails');
  })
  .addEdge(START, 'before')
  .addEdge('before', 'breaks')
  .addEdge('breaks', END)
  .compile();
