/** A page with `@langchain/react`, which speaks protocol v2: one stream of the thread over all runs. */
import { useChannel, useStream } from '@langchain/react';
import { useState } from 'react';
import { address, apiUrl, Desk, keepThread, type Question, type State, show } from './desk.tsx';

function Page() {
  const [threadId, setThreadId] = useState(address.get('thread'));
  const [runs, setRuns] = useState<readonly string[]>([]);
  const stream = useStream<State, Question>({
    apiUrl,
    assistantId: 'governor',
    threadId,
    transport: address.get('transport') === 'websocket' ? 'websocket' : 'sse',
    onThreadId: (id) => {
      setThreadId(id);
      keepThread(id);
    },
    onCreated: ({ runId }) => setRuns((known) => [...known, runId]),
  });
  const updates = useChannel(stream, ['updates']);
  return (
    <Desk
      client={{
        isLoading: stream.isLoading,
        outcome: stream.values.outcome,
        messages: stream.messages.map(({ id, text }) => ({ id: id ?? text, content: text })),
        runs,
        nodes: updates.map(({ params }) => ('node' in params ? String(params.node) : '')),
        error: stream.error,
        question: stream.interrupt?.value,
        start: (goal, repo) => void stream.submit({ goal, repo }),
        stop: () => void stream.stop(),
        goOn: () => void stream.submit(null),
        answer: (resume) => void stream.respond(resume),
      }}
    />
  );
}

show(<Page />);
