/** A page with `@ag-ui/langgraph`, the agent behind CopilotKit: the goal is a chat message, tools of the page go with each run. */
import { LangGraphAgent } from '@ag-ui/langgraph';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { address, apiUrl, Desk, keepThread, type Question, type State, show } from './desk.tsx';

const threadId = address.get('thread') ?? crypto.randomUUID();
const agent = new LangGraphAgent({ deploymentUrl: apiUrl, graphId: 'governor', threadId, emitInterruptOutcome: true });
const tools = [{ name: 'confirm', description: 'Asks the person', parameters: { type: 'object', properties: {} } }];
/** CopilotKit answers in one of two ways, by its version. */
const legacy = address.get('answer') === 'command';

interface Told {
  readonly nodes: readonly string[];
  readonly question?: Question | undefined;
  readonly questionId?: string | undefined;
  readonly error?: Error | undefined;
  readonly count: number;
}
let told: Told = { nodes: [], count: 0 };
const watchers = new Set<() => void>();
function tell(more: Partial<Told>): void {
  told = { ...told, ...more, count: told.count + 1 };
  for (const watcher of watchers) watcher();
}

agent.subscribe({
  onRunInitialized: () => tell({ question: undefined, error: undefined }),
  onStepStartedEvent: ({ event }) => tell({ nodes: [...told.nodes, event.stepName] }),
  onCustomEvent: ({ event }) => {
    if (event.name === 'on_interrupt') tell({ question: JSON.parse(String(event.value)), questionId: event.rawEvent?.id });
  },
  onStateChanged: () => tell({}),
  onMessagesChanged: () => tell({}),
  onRunFailed: ({ error }) => tell({ error }),
  onRunFinalized: () => tell({}),
});

type Parameters = NonNullable<globalThis.Parameters<typeof agent.runAgent>[0]>;

async function run(parameters: Parameters = {}): Promise<void> {
  keepThread(threadId);
  const running = agent.runAgent({ tools, ...parameters }).catch(() => undefined);
  tell({});
  await running;
  tell({});
}

function answer(payload: unknown): void {
  const [open] = agent.pendingInterrupts;
  if (legacy || open === undefined) void run({ forwardedProps: { command: { resume: payload } } });
  else void run({ resume: [{ interruptId: open.id, status: 'resolved', payload }] });
}

function Page() {
  const { nodes, question, questionId, error } = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => told,
  );
  const [known] = useState(address.get('thread') !== null);
  useEffect(() => {
    if (known) void run();
  }, [known]);
  return (
    <Desk
      client={{
        isLoading: agent.isRunning,
        outcome: (agent.state as State | undefined)?.outcome,
        messages: agent.messages.map(({ id, content }) => ({ id, content: typeof content === 'string' ? content : '' })),
        nodes,
        error,
        question,
        questionId,
        start: (goal) => {
          agent.addMessage({ id: crypto.randomUUID(), role: 'user', content: goal });
          void run();
        },
        answer,
      }}
    />
  );
}

show(<Page />);
