/** A page as anybody would write it with the hook of `@langchain/langgraph-sdk/react`. */
import { useStream } from '@langchain/langgraph-sdk/react';
import { useRef, useState } from 'react';
import { address, apiUrl, Desk, keepThread, type Question, type State, show } from './desk.tsx';

function Page() {
  const [threadId, setThreadId] = useState(address.get('thread'));
  const nodes = useRef<string[]>([]);
  const [runs, setRuns] = useState<readonly string[]>([]);
  const stream = useStream<State, { InterruptType: Question }>({
    apiUrl,
    assistantId: 'governor',
    threadId,
    onThreadId: (id) => {
      setThreadId(id);
      keepThread(id);
    },
    reconnectOnMount: true,
    fetchStateHistory: true,
    // A run that is taken over after a crash says its id again.
    onMetadataEvent: (data) => setRuns((known) => [...new Set([...known, data.run_id])]),
    onUpdateEvent: (data) => nodes.current.push(...Object.keys(data)),
  });
  return (
    <Desk
      client={{
        isLoading: stream.isLoading,
        outcome: stream.values.outcome,
        messages: stream.values.messages ?? [],
        runs,
        nodes: nodes.current,
        error: stream.error,
        question: stream.interrupt?.value,
        questionId: stream.interrupt?.id,
        start: (goal, repo) => void stream.submit({ goal, repo }),
        stop: () => void stream.stop(),
        goOn: () => void stream.submit(undefined),
        answer: (resume) => void stream.submit(undefined, { command: { resume } }),
      }}
    />
  );
}

show(<Page />);
