/** A chat with a model of fixed replies that it streams letter by letter. */
import type { RunnableConfig } from '@langchain/core/runnables';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('answer', async ({ messages }, config: RunnableConfig) => {
    const model = new FakeListChatModel({ responses: ['Hi!'] });
    return { messages: [await model.invoke(messages, config)] };
  })
  .addEdge(START, 'answer')
  .addEdge('answer', END)
  .compile();
