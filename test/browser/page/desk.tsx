/** What each page shows and takes, whatever client stands behind it: a goal, what happens, and what a person is asked. */
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

export interface State extends Record<string, unknown> {
  readonly goal?: string;
  readonly outcome?: string;
  readonly messages?: readonly Message[];
}

export interface Message {
  readonly id: string;
  readonly content: string;
}

/** The part of a question that Agent Chat UI shows. */
export interface Question {
  readonly gate: string;
  readonly subject: { readonly digest: string };
  readonly action_requests: readonly { readonly name: string; readonly description: string }[];
  readonly review_configs: readonly { readonly action_name: string; readonly allowed_decisions: readonly string[] }[];
}

/** What a client's page gives its desk. */
export interface Client {
  readonly isLoading: boolean;
  readonly outcome: string | undefined;
  readonly messages: readonly Message[];
  readonly runs?: readonly string[];
  readonly nodes: readonly string[];
  readonly error: unknown;
  readonly question: Question | undefined;
  /** Its interrupt id, for a client that does not name it by itself: an answer goes to what the person saw. */
  readonly questionId?: string | undefined;
  start(goal: string, repo: string): void;
  stop?(): void;
  goOn?(): void;
  answer(resume: unknown): void;
}

/** Says where the server is (`api`), and after a reload which thread it was (`thread`). */
export const address = new URLSearchParams(location.search);
export const apiUrl = address.get('api') ?? '';

export function keepThread(id: string): void {
  address.set('thread', id);
  history.replaceState(null, '', `?${address.toString()}`);
}

export function show(page: React.ReactNode): void {
  const root = document.getElementById('root');
  if (root !== null) createRoot(root).render(page);
}

export function Desk({ client }: { readonly client: Client }) {
  const [goal, setGoal] = useState('');
  const [repo, setRepo] = useState('');
  const { question } = client;
  return (
    <main>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          client.start(goal, repo);
        }}
      >
        <input aria-label="Goal" value={goal} onChange={(event) => setGoal(event.target.value)} />
        <input aria-label="Repository" value={repo} onChange={(event) => setRepo(event.target.value)} />
        <button type="submit">Start</button>
        <button type="button" onClick={() => client.stop?.()}>
          Stop
        </button>
        <button type="button" onClick={() => client.goOn?.()}>
          Go on
        </button>
      </form>
      <p role="status">{client.isLoading ? 'at work' : 'at rest'}</p>
      <p id="outcome">{client.outcome}</p>
      <ol id="messages">
        {client.messages.map((one) => (
          <li key={one.id} id={one.id}>
            {one.content}
          </li>
        ))}
      </ol>
      <ol id="runs">
        {client.runs?.map((id) => (
          <li key={id}>{id}</li>
        ))}
      </ol>
      <ol id="nodes">
        {client.nodes.map((node, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a node comes again, and the list only grows
          <li key={index}>{node}</li>
        ))}
      </ol>
      {client.error instanceof Error ? <p role="alert">{client.error.message}</p> : null}
      {question === undefined || client.isLoading ? null : (
        <Card
          question={question}
          answer={(resume) => client.answer(client.questionId === undefined ? resume : { [client.questionId]: resume })}
        />
      )}
    </main>
  );
}

function Card({ question, answer }: { readonly question: Question; readonly answer: (resume: unknown) => void }) {
  const [message, setMessage] = useState('');
  return (
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
  );
}
