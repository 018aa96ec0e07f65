/** Makes the next request fit the window: as it is, after a warning, with cut results, or compacted; a journaled step of its own. */

import { digestOf } from '../domain/ids.ts';
import type { ChatMessage, ChatModel, ChatRequest, Compaction, RecordedEffect, ToolSpec, TranscriptRow } from '../domain/ports.ts';
import type { Role } from '../domain/roles.ts';
import { rowOf } from '../domain/transcript.ts';
import { type CompactionParts, planCompaction, planCut, withRow } from './compaction.ts';
import { compactionIn, renderMessages } from './context.ts';
import { jsonBytes } from './cut.ts';
import type { Session } from './session.ts';
import { CLOSING_MARK } from './summary.ts';

/** Whose window it is. */
interface Asker {
  readonly session: Session;
  readonly stage: string;
  readonly attempt: number;
  readonly role: Role;
  readonly agent: string;
  readonly contract: string;
}

interface WindowParts {
  readonly spec: Asker;
  /** From the root to the head. */
  readonly rows: readonly TranscriptRow[];
  readonly ordinal: number;
  readonly model: ChatModel;
  readonly tools: readonly ToolSpec[];
  readonly maxOutputTokens: number;
  /** The agent's last model call. */
  readonly previous: { readonly parent: string | null; readonly ordinal: number } | null;
}

/** The head and the rows that the request is made of, and its messages. */
interface Fitted {
  readonly head: string;
  readonly messages: ChatMessage[];
}

/** From this share of the room on, an agent is asked to say what it found: a quarter of the window is some steps ahead. */
const CLOSING_SHARE = 0.75;
/** Not before so many answers since the last compaction: in a small window it would be told all the time. */
const CLOSING_ANSWERS = 3;
const CLOSING = `${CLOSING_MARK} results of earlier steps will soon be left out of it. In the text of your next answer, beside your next call, say what you found out, what you decided and what is left to do. That text is kept for you; what you need again you can read again.`;

export async function fitWindow(parts: WindowParts): Promise<Fitted> {
  const { spec, rows } = parts;
  const head = headOf(rows);
  const closing = closingAt(spec, head);
  const recorded = await recordedAt(spec, head, parts.ordinal);
  const compacted = resultOf(recorded.compaction);
  if (compacted !== undefined) return fitted(parts, await spec.session.stores.transcripts.chain(spec.session.facts.threadId, compacted));
  if (recorded.asked !== undefined) return fitted(parts, rows);
  if (recorded.askedToClose !== undefined) return fitted(parts, [...rows, closing]);

  const room = parts.model.contextTokens - parts.maxOutputTokens;
  const asIs = fitted(parts, rows);
  const bound = await boundOf(parts, asIs.messages);
  if (bound > room) return fitted(parts, await compact(parts, room, bound - room));
  if (bound <= room * CLOSING_SHARE || !isTimeToClose(rows)) return asIs;
  const told = fitted(parts, [...rows, closing]);
  if ((await boundOf(parts, told.messages)) > room) return asIs;
  await spec.session.stores.transcripts.append(spec.session.facts.fence, [closing]);
  return told;
}

/** Was a request made or compacted at this head? Then what is asked there is settled: a replay must ask the same. */
export async function isSettled(spec: Asker, head: string, ordinal: number): Promise<boolean> {
  const { asked, askedToClose, compaction } = await recordedAt(spec, head, ordinal);
  return asked !== undefined || askedToClose !== undefined || compaction?.state === 'done';
}

/** Has the request that was made at this head its answer? */
export async function isAnswered(spec: Asker, head: string, ordinal: number): Promise<boolean> {
  const { asked, askedToClose, compaction } = await recordedAt(spec, head, ordinal);
  if (asked?.state === 'done' || askedToClose?.state === 'done') return true;
  const compacted = resultOf(compaction);
  if (compacted === undefined) return false;
  return (await spec.session.stores.effects.peek(keyAt(spec, compacted, ordinal, 'model')))?.state === 'done';
}

/** May a row still come before the request of this head? Not where one is in flight, was answered, or gave up for another model. */
export async function isUnanswered(spec: Asker, head: string, ordinal: number): Promise<boolean> {
  const { asked, askedToClose, compaction, fallback } = await recordedAt(spec, head, ordinal);
  if ([asked, askedToClose].some((one) => one !== undefined && one.state !== 'failed')) return false;
  return compaction?.state !== 'done' && fallback?.state !== 'done';
}

/** What the journal holds of a head: its request, the one after the words before a compaction, the compaction, and the next model. */
async function recordedAt(spec: Asker, head: string, ordinal: number) {
  const [asked, askedToClose, compaction, fallback] = await spec.session.stores.effects.peekAll([
    keyAt(spec, head, ordinal, 'model'),
    keyAt(spec, closingAt(spec, head).id, ordinal, 'model'),
    keyAt(spec, head, ordinal, 'compaction'),
    keyAt(spec, head, ordinal, 'fallback'),
  ]);
  return { asked, askedToClose, compaction, fallback };
}

const closingAt = ({ agent }: Asker, head: string): TranscriptRow => rowOf(head, agent, { role: 'user', content: CLOSING });

const resultOf = (effect: RecordedEffect | undefined): string | undefined =>
  effect?.state === 'done' ? (effect.result ?? undefined) : undefined;

/** The journal key of an effect at a head; for a model call as the model door makes it. */
export function keyAt(spec: Asker, parent: string, ordinal: number, kind: 'model' | 'compaction' | 'fallback' | 'told'): string {
  return digestOf({
    thread: spec.session.facts.threadId,
    stage: spec.stage,
    attempt: spec.attempt,
    agent: spec.agent,
    parent,
    ordinal,
    kind,
  });
}

const headOf = (rows: readonly TranscriptRow[]): string => rows.at(-1)?.id ?? '';

function fitted(parts: WindowParts, rows: readonly TranscriptRow[]): Fitted {
  return { head: headOf(rows), messages: messagesOf(parts, rows) };
}

const messagesOf = ({ spec }: WindowParts, rows: readonly TranscriptRow[]): ChatMessage[] =>
  renderMessages({ contract: spec.contract, goal: spec.session.facts.request.goal, rows, forms: spec.session.forms });

const requestOf = (parts: WindowParts, messages: readonly ChatMessage[]): Omit<ChatRequest, 'headers'> => ({
  messages,
  tools: parts.tools,
  maxOutputTokens: parts.maxOutputTokens,
});

async function boundOf(parts: WindowParts, messages: readonly ChatMessage[]): Promise<number> {
  const { spec, model, previous } = parts;
  const { facts, doors } = spec.session;
  const request = requestOf(parts, messages);
  return (
    await doors.model.bound({
      threadId: facts.threadId,
      stage: spec.stage,
      attempt: spec.attempt,
      agent: spec.agent,
      model,
      request,
      previous,
    })
  ).tokens;
}

function isTimeToClose(rows: readonly TranscriptRow[]): boolean {
  const since = rows.findLastIndex((row) => row.message.role === 'compaction' && row.message.kept !== null) + 1;
  const fresh = rows.slice(since);
  const told = fresh.some(({ message }) => message.role === 'user' && message.content.startsWith(CLOSING_MARK));
  return !told && fresh.filter((row) => row.message.role === 'assistant').length >= CLOSING_ANSWERS;
}

async function compact(parts: WindowParts, room: number, over: number): Promise<TranscriptRow[]> {
  const { spec, rows, ordinal, model, tools } = parts;
  const plan: CompactionParts = {
    contract: spec.contract,
    goal: spec.session.facts.request.goal,
    rows,
    forms: spec.session.forms,
    room,
    count: (messages) => model.countInput({ messages, tools: [] }),
    countRequest: (messages) => model.countInput({ messages, tools }),
  };
  const cut = planCut(plan, over);
  const enough = cut !== undefined && (await boundOf(parts, messagesOf(parts, withRow(rows, cut)))) <= room;
  const message = enough ? cut : planCompaction(plan);
  const row = rowOf(headOf(rows), spec.agent, message);
  await record(parts, keyAt(spec, headOf(rows), ordinal, 'compaction'), row, message);
  return [...rows, row];
}

/** The row and what is told of it come in one transaction. */
async function record(parts: WindowParts, key: string, row: TranscriptRow, message: Compaction): Promise<void> {
  const { spec, rows } = parts;
  const { session, stage, attempt, agent, role } = spec;
  const effect = { key, kind: 'compaction', stage, attempt, agent, role, requestHash: digestOf({ parent: row.parent }) } as const;
  const entry = { threadId: session.facts.threadId, actor: 'governor', stage, attempt };
  const base = { role, agent, call: parts.ordinal };
  const cut = cutsOf(rows, message);
  const started = await session.stores.effects.start(session.facts.fence, effect, {});
  if (started.kind === 'done') return;
  await session.stores.effects.finish(session.facts.fence, key, {
    result: row.id,
    rows: [row],
    audit: [
      ...(message.kept === null ? [] : [{ ...entry, action: 'context-compacted', facts: { ...base, ...sizesOf(parts, message) } }]),
      ...(cut.length === 0 ? [] : [{ ...entry, action: 'results-cut', facts: { ...base, results: cut.length, cut: cut.slice(0, 10) } }]),
    ],
  });
}

function sizesOf(parts: WindowParts, message: Compaction) {
  const { rows } = parts;
  const before = messagesOf(parts, rows);
  const after = messagesOf(parts, withRow(rows, message));
  const bytes = (messages: readonly ChatMessage[]): number => parts.model.countInput({ messages, tools: [] });
  const from = compactionIn(rows)?.kept ?? { from: 1, whole: 1 };
  const kept = message.kept ?? from;
  const count = (start: number, end: number, what: string): number =>
    rows.slice(start, end).filter((row) => row.message.role === what).length;
  return {
    messages: { before: before.length, after: after.length },
    bytes: { before: bytes(before), after: bytes(after) },
    left_out: { answers: count(from.from, kept.from, 'assistant'), results: count(from.from, kept.from, 'tool') },
    pointers: count(kept.from, kept.whole, 'tool'),
    summary_bytes: Buffer.byteLength(message.content),
  };
}

function cutsOf(rows: readonly TranscriptRow[], { resultBytes }: Compaction): { tool: string; bytes: number; shown: number }[] {
  if (resultBytes === null) return [];
  const newest = rows.findLastIndex((row) => row.message.role === 'assistant');
  return rows.slice(newest).flatMap(({ message }) => {
    if (message.role !== 'tool') return [];
    const bytes = jsonBytes(message.content);
    return bytes > resultBytes ? [{ tool: message.toolName.slice(0, 60), bytes, shown: resultBytes }] : [];
  });
}
