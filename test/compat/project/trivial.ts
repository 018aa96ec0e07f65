/** Two nodes that count and leave their names: the graph whose time is all the server's. */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  count: Annotation<number>({ reducer: (_old, now) => now, default: () => 0 }),
  trail: Annotation<string[]>({ reducer: (old, now) => [...old, ...now], default: () => [] }),
});

export const graph = new StateGraph(State)
  .addNode('first', ({ count }) => ({ count: count + 1, trail: ['first'] }))
  .addNode('second', ({ count }) => ({ count: count * 2, trail: ['second'] }))
  .addEdge(START, 'first')
  .addEdge('first', 'second')
  .addEdge('second', END)
  .compile();
