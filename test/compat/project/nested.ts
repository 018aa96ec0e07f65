/** A graph in a graph; the inner one can stop for a person. */
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  topic: Annotation<string>({ reducer: (_old, now) => now, default: () => '' }),
  ask: Annotation<boolean>({ reducer: (_old, now) => now, default: () => false }),
  notes: Annotation<string[]>({ reducer: (old, now) => [...old, ...now], default: () => [] }),
});

const research = new StateGraph(State)
  .addNode('look', ({ topic }) => ({ notes: [`looked for ${topic}`] }))
  .addNode('sum', ({ ask }) => ({ notes: [ask ? `told: ${String(interrupt('Which source?'))}` : 'summed'] }))
  .addEdge(START, 'look')
  .addEdge('look', 'sum')
  .addEdge('sum', END)
  .compile();

export const graph = new StateGraph(State)
  .addNode('open', () => ({ notes: ['opened'] }))
  .addNode('research', research)
  .addNode('close', () => ({ notes: ['closed'] }))
  .addEdge(START, 'open')
  .addEdge('open', 'research')
  .addEdge('research', 'close')
  .addEdge('close', END)
  .compile();
