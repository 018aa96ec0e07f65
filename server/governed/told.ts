/** What agents say and do, in the protocol's own events: each answer a message in blocks, each call a tool that starts and finishes. */
import type { OwnEvents } from '../protocol/convert.ts';
import type { SourceEvent } from '../protocol/source-event.ts';

const AGENT = 'governor/agent';

/** One event of `server/governed/live.ts`. */
interface AgentEvent {
  readonly type: typeof AGENT;
  readonly event: string;
  readonly stage?: string;
  readonly attempt?: number;
  readonly agent?: string;
  readonly message_id?: string;
  readonly id?: string;
  readonly tool?: string;
  readonly text?: string;
  readonly outcome?: string;
  readonly arguments?: unknown;
}

interface Answer {
  text: string;
  readonly calls: AgentEvent[];
  /** Its words and calls were recorded: nothing more of it will come. */
  whole: boolean;
}

const isAgentEvent = (data: unknown): data is AgentEvent =>
  typeof data === 'object' && data !== null && 'type' in data && data.type === AGENT;

/** One a run: remembers the answers that are being written. What agents say comes as `custom`; `messages` tells the same again. */
export function createAgentEvents(): OwnEvents {
  const answers = new Map<string, Answer>();
  return ([, mode, data], at) => {
    if (mode === 'messages') return closing(answers, data, at);
    if (mode !== 'custom' || !isAgentEvent(data)) return undefined;
    const { type: _type, ...payload } = data;
    return [...messages(answers, data, at), ...tools(data, at), event(data, at, 'custom', { name: AGENT, payload })];
  };
}

const event = (from: AgentEvent, timestamp: number, method: string, data: unknown): SourceEvent => ({
  method,
  namespace: [],
  node: from.stage === '' ? undefined : from.stage,
  timestamp,
  data,
});

function messages(answers: Map<string, Answer>, from: AgentEvent, at: number): readonly SourceEvent[] {
  const { message_id: id } = from;
  if (id === undefined) return [];
  const tell = (data: unknown): SourceEvent => event(from, at, 'messages', data);
  if (from.event === 'text-lost') {
    answers.delete(id);
    return [tell({ event: 'error', id, message: 'the answer was lost on its way, and is asked again' })];
  }
  const known = answers.get(id);
  const answer = known ?? { text: '', calls: [], whole: false };
  answers.set(id, answer);
  const metadata = { stage: from.stage ?? '', agent: from.agent ?? '', attempt: from.attempt ?? 0 };
  const start = known === undefined ? [tell({ event: 'message-start', role: 'ai', id, metadata })] : [];
  if (from.event === 'text') return [...start, ...text(answer, from.text ?? '', tell)];
  answer.whole = true;
  if (from.event === 'call') answer.calls.push(from);
  // Its words came already where they came live.
  return [...start, ...(from.event === 'words' && answer.text === '' ? text(answer, from.text ?? '', tell) : [])];
}

function text(answer: Answer, piece: string, tell: (data: unknown) => SourceEvent): readonly SourceEvent[] {
  if (piece === '') return [];
  const start = answer.text === '' ? [tell({ event: 'content-block-start', index: 0, content: { type: 'text', text: '' } })] : [];
  answer.text += piece;
  return [...start, tell({ event: 'content-block-delta', index: 0, delta: { type: 'text-delta', text: piece } })];
}

/** The message in LangGraph's form comes after the words and calls of its answer: then it is whole. */
function closing(answers: Map<string, Answer>, data: unknown, at: number): readonly SourceEvent[] {
  const [message, place] = data as [{ readonly id?: string }, { readonly langgraph_node?: string }]; // the form of the mode `messages`
  const id = message.id ?? '';
  const answer = answers.get(id);
  if (answer === undefined || !answer.whole) return [];
  answers.delete(id);
  const tell = (one: unknown): SourceEvent => ({ method: 'messages', namespace: [], node: place.langgraph_node, timestamp: at, data: one });
  const said = answer.text === '' ? [] : [tell({ event: 'content-block-finish', index: 0, content: { type: 'text', text: answer.text } })];
  const calls = answer.calls.flatMap((call, index) => {
    const known = { id: call.id ?? null, name: call.tool ?? '' };
    const place_ = index + said.length;
    return [
      tell({ event: 'content-block-start', index: place_, content: { type: 'tool_call_chunk', ...known, args: '' } }),
      tell({ event: 'content-block-finish', index: place_, content: { type: 'tool_call', ...known, args: call.arguments ?? {} } }),
    ];
  });
  return [...said, ...calls, tell({ event: 'message-finish' })];
}

const GOOD: readonly (string | undefined)[] = ['ok', 'handed-over', 'delegated'];

/** A call that only the trail tells of has no id, and is not told as a tool. */
function tools(from: AgentEvent, at: number): readonly SourceEvent[] {
  const { id, event: kind } = from;
  if (id === undefined || id === '') return [];
  if (kind === 'call')
    return [event(from, at, 'tools', { event: 'tool-started', tool_call_id: id, tool_name: from.tool ?? '', input: from.arguments ?? {} })];
  if (kind !== 'result') return [];
  return [
    event(
      from,
      at,
      'tools',
      GOOD.includes(from.outcome)
        ? { event: 'tool-finished', tool_call_id: id, output: from.text ?? '' }
        : { event: 'tool-error', tool_call_id: id, message: from.text ?? from.outcome ?? '', code: from.outcome },
    ),
  ];
}
