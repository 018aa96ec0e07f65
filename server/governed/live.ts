/** What agents say and do while a served run works on their thread, as events for its readers: `custom` and `messages`. */
import { AIMessageChunk, ToolMessage } from '@langchain/core/messages';
import { v7 as uuidv7 } from '@langchain/core/utils/uuid';
import { toError } from '../../domain/errors.ts';
import type { LogEvent } from '../../domain/log.ts';
import type { ServedRun } from '../../domain/served.ts';
import { operationsOf } from '../../runtime/operations.ts';
import type { LiveText, LogReader, StreamChunk } from '../../runtime/options.ts';
import type { Governed } from './graph.ts';

/** How often what is new is told, in ms. */
const TELL_MS = 100;
/** Most events of one run, and most characters of an agent's text in one of them. */
const EVENTS = 20_000;
const PIECE = 8000;

/** What a request holds is not told: no note, no compaction; and no message of an endpoint, which may echo a request. */
const TOLD: ReadonlySet<LogEvent['type']> = new Set(['words', 'call', 'result', 'check', 'hand-over']);

export interface LiveOptions {
  readonly modes: readonly string[];
  /** Stores an event, then sends it. */
  readonly emit: (chunk: StreamChunk) => Promise<void>;
  /** Hears every message, whatever the modes; `whole`: nothing more of it comes. */
  readonly onMessage?: ((one: AIMessageChunk | ToolMessage, place: LivePlace, whole: boolean) => Promise<void>) | undefined;
}

/** Who says something, where in the run. */
export type LivePlace = Pick<LogEvent, 'stage' | 'attempt' | 'agent' | 'step'>;

export interface Live {
  /** What an agent is writing; it is told a moment later. */
  readonly hear: (text: LiveText) => void;
  /** Tells what is left. @throws what storing an event met. */
  readonly end: () => Promise<void>;
}

/** One answer of an agent. */
interface Answer {
  readonly id: string;
  /** True once text of it was told while it was written. */
  heard: boolean;
}

interface Telling {
  readonly run: ServedRun;
  readonly options: LiveOptions;
  /** By stage, attempt, agent and step. */
  readonly answers: Map<string, Answer>;
  /** What was written and is not told yet, in the order in which it came. */
  pending: LiveText[];
  told: number;
}

export const isLive = (modes: readonly string[]): boolean => modes.includes('custom') || modes.includes('messages');

/** Begins with what happens from now on; what was before is in the log. */
export async function tellAgents({ runtime }: Pick<Governed, 'runtime'>, run: ServedRun, options: LiveOptions): Promise<Live> {
  const reader = await operationsOf(runtime).openLog(run.threadId);
  await reader.next().catch(() => []);
  const telling: Telling = { run, options, answers: new Map(), pending: [], told: 0 };
  const ended = new AbortController();
  let failure: Error | undefined;
  const telled = tellOn(telling, reader, ended.signal).catch((error: unknown) => {
    failure = toError(error);
  });
  return {
    hear: (text) => {
      if (failure === undefined && telling.told < EVENTS) telling.pending.push(text);
    },
    end: async () => {
      ended.abort();
      await telled;
      if (failure !== undefined) throw failure;
    },
  };
}

async function tellOn(telling: Telling, reader: LogReader, ended: AbortSignal): Promise<void> {
  for (let last = false; telling.told < EVENTS; ) {
    last = ended.aborted;
    // A transcript that cannot be read ends the run where it is worked with, not here.
    const events = await reader.next().catch(() => []);
    await tell(telling, events);
    if (last) return;
    await pause(ended);
  }
  if (!telling.options.modes.includes('custom')) return;
  const text = `${EVENTS} events of this run were told, and no more are; governor log has all`;
  await telling.options.emit([[], 'custom', { type: 'governor/agent', event: 'capped', text }]);
}

/** The words of an answer come before its calls, and these before what other answers are about to say. */
async function tell(telling: Telling, events: readonly LogEvent[]): Promise<void> {
  for (let at = 0; at < events.length; ) {
    const first = events[at] as LogEvent; // within its length
    let next = at + 1;
    while (next < events.length && isOfOneAnswer(first, events[next])) next += 1;
    await tellTexts(telling, (text) => keyOf(text.stage, text.attempt, nameOf(text), text.call) === placeKey(first));
    await tellEvents(
      telling,
      events.slice(at, next).filter(({ type }) => TOLD.has(type)),
    );
    at = next;
  }
  await tellTexts(telling, () => true);
}

const isOfOneAnswer = (first: LogEvent, event: LogEvent | undefined): boolean =>
  isAnswer(first) && event !== undefined && isAnswer(event) && event.seq === first.seq;
const isAnswer = ({ type }: LogEvent): boolean => type === 'words' || type === 'call';

const keyOf = (stage: string, attempt: number, agent: string, step: number): string => `${stage} ${attempt} ${agent} ${step}`;
const placeKey = ({ stage, attempt, agent, step }: LogEvent): string => keyOf(stage, attempt, agent, step);
const nameOf = ({ role, agent }: LiveText): string => (agent === '-' ? role : agent);

async function tellTexts(telling: Telling, which: (text: LiveText) => boolean): Promise<void> {
  const due = telling.pending.filter(which);
  telling.pending = telling.pending.filter((text) => !due.includes(text));
  for (const one of together(due)) await tellText(telling, one);
}

/** Pieces of one answer that came since the last time are one. */
function together(texts: readonly LiveText[]): LiveText[] {
  const joined = new Map<number, LiveText>();
  for (const text of texts) joined.set(text.answer, { ...text, piece: `${joined.get(text.answer)?.piece ?? ''}${text.piece}` });
  return [...joined.values()];
}

async function tellText(telling: Telling, text: LiveText): Promise<void> {
  const { stage, attempt, call: step, role, state } = text;
  const agent = nameOf(text);
  const key = keyOf(stage, attempt, agent, step);
  const answer = telling.answers.get(key) ?? { id: uuidv7(), heard: false };
  telling.answers.set(key, answer);
  for (const piece of piecesOf(text.piece)) {
    answer.heard = true;
    await custom(telling, { event: 'text', stage, attempt, agent, role, step, message_id: answer.id, text: piece });
    const place = { stage, attempt, agent, step };
    await message(telling, new AIMessageChunk({ id: answer.id, name: agent, content: piece }), { place, whole: false });
  }
  // It is asked again, and that is another message.
  if (state === 'lost') {
    telling.answers.delete(key);
    if (!answer.heard) return;
    await custom(telling, { event: 'text-lost', stage, attempt, agent, role, step, message_id: answer.id });
    const place = { stage, attempt, agent, step };
    await telling.options.onMessage?.(new AIMessageChunk({ id: answer.id, name: agent, content: '' }), place, true);
  }
}

/** No longer than `PIECE`, and none that ends in half of a character: a reader in another language cannot put the halves together. */
function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const most = text.slice(from, from + PIECE);
    const piece = from + most.length < text.length ? most.replace(/[\ud800-\udbff]$/, '') : most;
    yield piece;
    from += piece.length;
  }
}

/** Events of one audit record: the words and calls of an answer are one message. */
async function tellEvents(telling: Telling, events: readonly LogEvent[]): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  const answer = isAnswer(first) ? (telling.answers.get(placeKey(first)) ?? { id: uuidv7(), heard: false }) : undefined;
  telling.answers.delete(placeKey(first));
  for (const { type, ...event } of events)
    await custom(telling, { event: type, ...event, ...(answer === undefined ? {} : { message_id: answer.id }) });
  if (answer !== undefined) await message(telling, messageOf(answer, first.agent, events), { place: first, whole: true });
  if (first.type === 'result' && first.id !== '')
    await message(
      telling,
      new ToolMessage({
        id: uuidv7(),
        tool_call_id: first.id,
        name: first.tool,
        content: first.text,
        status: isGood(first) ? 'success' : 'error',
      }),
      { place: first, whole: true },
    );
}

const isGood = ({ outcome, exit_code: code }: Extract<LogEvent, { type: 'result' }>): boolean =>
  (outcome === 'ok' && (code === undefined || code === 0)) || outcome === 'handed-over' || outcome === 'delegated';

/** What was not told of it before: its words where they did not come live, and its calls. */
function messageOf({ id, heard }: Answer, agent: string, events: readonly LogEvent[]): AIMessageChunk {
  const said = heard ? '' : events.map((event) => (event.type === 'words' ? event.text : '')).join('');
  const calls = events.filter((event) => event.type === 'call');
  return new AIMessageChunk({
    id,
    name: agent,
    content: said,
    tool_call_chunks: calls.map((call, index) => ({
      type: 'tool_call_chunk',
      index,
      id: call.id,
      name: call.tool,
      args: JSON.stringify(call.arguments),
    })),
  });
}

const custom = (telling: Telling, data: Readonly<Record<string, unknown>>): Promise<void> =>
  telling.options.modes.includes('custom') ? send(telling, [[], 'custom', { type: 'governor/agent', ...data }]) : Promise.resolve();

/** In LangGraph's form: the message, and where it is from. */
async function message(
  telling: Telling,
  one: AIMessageChunk | ToolMessage,
  { place, whole }: { readonly place: LivePlace; readonly whole: boolean },
): Promise<void> {
  const { run, options } = telling;
  if (telling.told < EVENTS) await options.onMessage?.(one, place, whole);
  const { stage, attempt, agent, step } = place;
  if (!options.modes.includes('messages')) return;
  const metadata = {
    thread_id: run.threadId,
    run_id: run.runId,
    langgraph_node: stage,
    langgraph_step: step,
    langgraph_checkpoint_ns: '',
    tags: ['governor', `agent:${agent}`],
    agent,
    attempt,
  };
  await send(telling, [[], 'messages', [one, metadata]]);
}

async function send(telling: Telling, chunk: StreamChunk): Promise<void> {
  if (telling.told >= EVENTS) return;
  telling.told += 1;
  await telling.options.emit(chunk);
}

function pause(ended: AbortSignal): Promise<void> {
  return new Promise((wake) => {
    const done = (): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', done);
      wake();
    };
    const timer = setTimeout(done, TELL_MS);
    ended.addEventListener('abort', done);
  });
}
