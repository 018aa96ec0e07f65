/** Sleeps in each of its steps as long as its input says, for whoever cancels it or comes in between. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  sleep_ms: Annotation<number>({ reducer: (_old, now) => now, default: () => 0 }),
  steps: Annotation<number>({ reducer: (_old, now) => now, default: () => 1 }),
  done: Annotation<number>({ reducer: (_old, now) => now, default: () => 0 }),
  name: Annotation<string>({ reducer: (_old, now) => now, default: () => '' }),
});

/**
 * Ends early, with an error, when its run is cancelled. What listens must stop: LangGraph's next step holds the signal of the last one,
 * so a listener left behind keeps every step of its run (10 KB each).
 */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = (): void => {
      clearTimeout(timer);
      reject(new Error('the sleep was cancelled'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancelled);
      resolve();
    }, ms);
    signal?.addEventListener('abort', cancelled);
  });
}

export const graph = new StateGraph(State)
  .addNode('work', async ({ sleep_ms, done }, config: RunnableConfig) => {
    await sleep(sleep_ms, config.signal);
    return { done: done + 1 };
  })
  .addEdge(START, 'work')
  .addConditionalEdges('work', ({ done, steps }) => (done < steps ? 'work' : END), ['work', END])
  .compile();
