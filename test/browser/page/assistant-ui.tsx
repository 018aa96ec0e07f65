/** A page with `@assistant-ui/react-langgraph`: the goal is a chat message; what the runtime does not keep, the page asks for. */
import { AssistantRuntimeProvider, type RemoteThreadListAdapter, useAuiState } from '@assistant-ui/react';
import {
  unstable_createLangGraphStream as createStream,
  useLangGraphInterruptState,
  useLangGraphRuntime,
  useLangGraphSend,
  useLangGraphSendCommand,
} from '@assistant-ui/react-langgraph';
import { Client } from '@langchain/langgraph-sdk';
import { useMemo, useState } from 'react';
import { address, apiUrl, Desk, keepThread, type Question, type State, show } from './desk.tsx';

const client = new Client({ apiUrl });
const stream = createStream({ client, assistantId: 'governor', streamMode: ['messages-tuple', 'values', 'updates'], onDisconnect: 'continue' });

/** The state of a thread whose run, if one is open, has ended. */
async function load(threadId: string) {
  for (const run of await client.runs.list(threadId))
    if (run.status === 'running' || run.status === 'pending') await client.runs.join(threadId, run.run_id);
  const { values, tasks } = await client.threads.getState<State>(threadId);
  return {
    outcome: values.outcome,
    messages: (values.messages ?? []).map(({ id, content }) => ({ type: id === 'goal' ? ('human' as const) : ('ai' as const), id, content })),
    interrupts: tasks.flatMap((task) => task.interrupts),
  };
}

/** The threads of the server are those of the page. */
const threadList: RemoteThreadListAdapter = {
  list: async () => ({ threads: [] }),
  fetch: async (threadId) => ({ status: 'regular', remoteId: threadId, externalId: threadId }),
  initialize: async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    keepThread(thread_id);
    return { remoteId: thread_id, externalId: thread_id };
  },
  rename: async () => undefined,
  archive: async () => undefined,
  delete: async () => undefined,
  generateTitle: async () => new ReadableStream({ start: (told) => told.close() }),
};

function Page() {
  const [nodes, setNodes] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<string>();
  const [error, setError] = useState<unknown>();
  const eventHandlers = useMemo(
    () => ({
      onUpdates: (data: unknown) => setNodes((known) => [...known, ...Object.keys(Object(data))]),
      onValues: (data: unknown) => setOutcome((data as State).outcome),
      onError: (told: unknown) => setError(new Error(JSON.stringify(told))),
    }),
    [],
  );
  const runtime = useLangGraphRuntime({
    stream,
    eventHandlers,
    threadId: address.get('thread') ?? undefined,
    unstable_threadListAdapter: threadList,
    load: async (threadId) => {
      const { outcome: reached, ...rest } = await load(threadId);
      setOutcome(reached);
      return rest;
    },
  });
  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <Shown nodes={nodes} outcome={outcome} error={error} failed={setError} />
    </AssistantRuntimeProvider>
  );
}

interface Told {
  readonly failed: (error: unknown) => void;
  readonly nodes: readonly string[];
  readonly outcome: string | undefined;
  readonly error: unknown;
}

function Shown({ failed, ...told }: Told) {
  const interrupt = useLangGraphInterruptState();
  const send = useLangGraphSend();
  const command = useLangGraphSendCommand();
  const isLoading = useAuiState(({ thread }) => thread.isRunning || thread.isLoading);
  const messages = useAuiState(({ thread }) => thread.messages);
  return (
    <Desk
      client={{
        ...told,
        isLoading,
        messages: messages.map(({ id, content }) => ({ id, content: content.map((part) => ('text' in part ? part.text : '')).join('') })),
        question: interrupt?.value as Question | undefined,
        questionId: interrupt !== undefined && 'id' in interrupt ? String(interrupt.id) : undefined,
        start: (goal) => void send([{ type: 'human', content: goal }], {}),
        // The type says text; what is given is sent as it is.
        answer: (resume) => void command({ resume: resume as string }).catch(failed),
      }}
    />
  );
}

show(<Page />);
