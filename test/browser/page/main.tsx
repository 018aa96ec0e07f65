/** A small front end as anybody would write it with the official hook: a goal, what happens, and what a person is asked. */
import { useStream } from '@langchain/langgraph-sdk/react';
import { useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

interface State extends Record<string, unknown> {
  readonly goal?: string;
  readonly outcome?: string;
  readonly messages?: { readonly type: 'human' | 'ai'; readonly id: string; readonly name?: string; readonly content: string }[];
}

/** The part of a question that Agent Chat UI shows. */
interface Question {
  readonly gate: string;
  readonly subject: { readonly digest: string };
  readonly action_requests: readonly { readonly name: string; readonly description: string }[];
  readonly review_configs: readonly { readonly action_name: string; readonly allowed_decisions: readonly string[] }[];
}

/** Says where the server is (`api`), and after a reload which thread it was (`thread`). */
const address = new URLSearchParams(location.search);

function App() {
  const [threadId, setThreadId] = useState(address.get('thread'));
  const [goal, setGoal] = useState('');
  const [repo, setRepo] = useState('');
  const [message, setMessage] = useState('');
  const nodes = useRef<string[]>([]);
  const [runs, setRuns] = useState<readonly string[]>([]);
  const stream = useStream<State, { InterruptType: Question }>({
    apiUrl: address.get('api') ?? '',
    assistantId: 'governor',
    threadId,
    onThreadId: (id) => {
      setThreadId(id);
      address.set('thread', id);
      history.replaceState(null, '', `?${address.toString()}`);
    },
    reconnectOnMount: true,
    fetchStateHistory: true,
    // A run that is taken over after a crash says its id again.
    onMetadataEvent: (data) => setRuns((known) => [...new Set([...known, data.run_id])]),
    onUpdateEvent: (data) => nodes.current.push(...Object.keys(data)),
  });
  const answer = (resume: unknown) => void stream.submit(undefined, { command: { resume } });
  const question = stream.interrupt?.value;

  return (
    <main>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void stream.submit({ goal, repo });
        }}
      >
        <input aria-label="Goal" value={goal} onChange={(event) => setGoal(event.target.value)} />
        <input aria-label="Repository" value={repo} onChange={(event) => setRepo(event.target.value)} />
        <button type="submit">Start</button>
        <button type="button" onClick={() => void stream.stop()}>
          Stop
        </button>
        <button type="button" onClick={() => void stream.submit(undefined)}>
          Go on
        </button>
      </form>
      <p role="status">{stream.isLoading ? 'at work' : 'at rest'}</p>
      <p id="outcome">{stream.values.outcome}</p>
      <ol id="messages">
        {stream.values.messages?.map((one) => (
          <li key={one.id} id={one.id}>
            {one.content}
          </li>
        ))}
      </ol>
      <ol id="runs">
        {runs.map((id) => (
          <li key={id}>{id}</li>
        ))}
      </ol>
      <ol id="nodes">
        {nodes.current.map((node, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a node comes again, and the list only grows
          <li key={index}>{node}</li>
        ))}
      </ol>
      {stream.error instanceof Error ? <p role="alert">{stream.error.message}</p> : null}
      {question === undefined || stream.isLoading ? null : (
        <section aria-label="Question">
          <h2>{question.action_requests[0]?.name}</h2>
          <pre>{question.action_requests[0]?.description}</pre>
          <code>{question.subject.digest}</code>
          <p id="allowed">{question.review_configs[0]?.allowed_decisions.join(' ')}</p>
          <input aria-label="Message" value={message} onChange={(event) => setMessage(event.target.value)} />
          <button type="button" onClick={() => answer({ decisions: [{ type: 'approve' }] })}>
            Approve
          </button>
          <button type="button" onClick={() => answer({ decisions: [{ type: 'reject', message }] })}>
            Reject
          </button>
          <button type="button" onClick={() => answer('yes')}>
            Say yes
          </button>
        </section>
      )}
    </main>
  );
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
