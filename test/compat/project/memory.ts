/** Reads and writes the store that the server gives it, and tells of it on the custom stream. */
import { Annotation, END, type LangGraphRunnableConfig, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  user: Annotation<string>({ reducer: (_old, now) => now, default: () => 'nobody' }),
  visits: Annotation<number>({ reducer: (_old, now) => now, default: () => 0 }),
});

export const graph = new StateGraph(State)
  .addNode('remember', async ({ user }, config: LangGraphRunnableConfig) => {
    config.writer?.({ step: 'reading', user });
    const kept = await config.store?.get(['visits', user], 'count');
    const visits = Number(kept?.value['count'] ?? 0) + 1;
    await config.store?.put(['visits', user], 'count', { count: visits });
    config.writer?.({ step: 'written', visits });
    return { visits };
  })
  .addEdge(START, 'remember')
  .addEdge('remember', END)
  .compile();
