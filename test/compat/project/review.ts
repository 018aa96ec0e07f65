/** Stops for a person, in the payload that Agent Inbox and Agent Chat UI understand, and goes on with what they said. */
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph';

const State = Annotation.Root({
  draft: Annotation<string>({ reducer: (_old, now) => now, default: () => '' }),
  answer: Annotation<unknown>({ reducer: (_old, now) => now, default: () => null }),
  sent: Annotation<boolean>({ reducer: (_old, now) => now, default: () => false }),
});

const decisions = ['approve', 'edit', 'reject'];

export const graph = new StateGraph(State)
  .addNode('write', ({ draft }) => ({ draft: draft === '' ? 'Dear all' : draft }))
  .addNode('ask', ({ draft }) => ({
    answer: interrupt({
      action_request: { action: 'send_mail', args: { text: draft } },
      config: { allow_ignore: true, allow_respond: true, allow_edit: true, allow_accept: true },
      description: 'Send this?',
      action_requests: [{ name: 'send_mail', args: { text: draft }, arguments: { text: draft }, description: 'Send this?' }],
      review_configs: [{ action_name: 'send_mail', allowed_decisions: decisions }],
    }),
  }))
  .addNode('send', () => ({ sent: true }))
  .addEdge(START, 'write')
  .addEdge('write', 'ask')
  .addEdge('ask', 'send')
  .addEdge('send', END)
  .compile();
