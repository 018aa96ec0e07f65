/** What a compaction leaves out, decided once from the rows and the room: the newest results last of all. */
import { StopError } from '../domain/errors.ts';
import type { ChatMessage, Compaction, TranscriptRow } from '../domain/ports.ts';
import { type ContextParts, compactionIn, renderMessages } from './context.ts';
import { cutResult, jsonBytes, LEAST_RESULT_BYTES, pointerOf, type Result, subjectOf } from './cut.ts';
import { withWords } from './pictures.ts';
import { summaryOf } from './summary.ts';

export interface CompactionParts extends ContextParts {
  /** What the window holds beside the output limit, in tokens. */
  readonly room: number;
  /** An upper bound of messages alone, and of a whole request, in tokens: nothing is known of a request that is new. */
  readonly count: (messages: readonly ChatMessage[]) => number;
  readonly countRequest: (messages: readonly ChatMessage[]) => number;
}

/**
 * How much of the room a compacted request may take where its newest step leaves it that much. It is counted by its bytes: half of
 * them is about an eighth of the tokens, and even where every byte is a token half of the window is left to work in.
 */
const TARGET_SHARE = 0.5;
/** The part of what is left that goes to older steps as they were; the rest holds steps with pointers for results. */
const WHOLE_SHARE = 0.6;
/** Longest summary, in bytes, and its part of a smaller room. */
const SUMMARY_BYTES = 16_384;
const SUMMARY_SHARE = 0.125;
/** A cut alone is enough where the newest step still gets this share of the room: what was sent before stays as it is. */
const CUT_SHARE = 0.5;
/** How often a size is lowered before it is given up. */
const LOWERINGS = 24;

/**
 * Cuts the newest results alone, so that the requests before stay a prefix; undefined where that would leave them too little.
 * @param over by how many tokens the request is too large
 */
export function planCut(parts: CompactionParts, over: number): Compaction | undefined {
  const { rows, room } = parts;
  const starts = answersIn(rows);
  const sizes = resultSizes(rows, starts.at(-1));
  const capacity = sizes.reduce((sum, size) => sum + size, 0) - over;
  const alone = starts.length < 2 && compactionIn(rows) === undefined;
  if (!alone && capacity < room * CUT_SHARE) return undefined;
  const level = waterLevel(sizes, capacity);
  return level < LEAST_RESULT_BYTES || sizes.length === 0 ? undefined : { role: 'compaction', content: '', kept: null, resultBytes: level };
}

/** @throws StopError `CONTEXT_EXCEEDED` when goal, contract, brief, tools and the newest step at its least do not fit. */
export function planCompaction(parts: CompactionParts): Compaction {
  const { rows, room } = parts;
  const sizeOf = (candidate: Compaction): number => parts.countRequest(renderMessages({ ...parts, rows: withRow(rows, candidate) }));
  const starts = answersIn(rows);
  const newest = starts.at(-1);
  if (newest === undefined)
    throw tooLarge('the goal, the contract, the brief and the tools', parts.countRequest(renderMessages(parts)), room);
  const bare = bareAt(newest);
  const least = leastSize(parts, newest);
  if (least > room) return replaceNewest(parts, newest, sizeOf);

  const most = Math.min(SUMMARY_BYTES, Math.floor(room * SUMMARY_SHARE), room - least - 16);
  const first: Compaction = { ...bare, content: summaryOf(rows.slice(1, newest), most) };
  const resultBytes = levelFor(parts, first, newest, sizeOf);
  const left = Math.floor(room * TARGET_SHARE) - sizeOf({ ...first, resultBytes });
  const kept = extend(parts, starts, left);
  const content = kept.from <= 1 ? '' : summaryOf(rows.slice(1, kept.from), most);
  const planned: Compaction = { role: 'compaction', content, kept, resultBytes };
  return sizeOf(planned) <= room ? planned : { ...first, resultBytes };
}

const bareAt = (newest: number): Compaction => ({
  role: 'compaction',
  content: '',
  kept: { from: newest, whole: newest },
  resultBytes: null,
});

/** What a request takes that holds nothing of the steps but the newest, with its pictures, at its least. */
export function leastSize(parts: CompactionParts, newest: number): number {
  const least = { ...bareAt(newest), resultBytes: LEAST_RESULT_BYTES };
  return parts.countRequest(renderMessages({ ...parts, rows: withRow(parts.rows, least) }));
}

/**
 * The newest answer is itself too large, a long file that it wrote: it is replaced whole, and its results stand in the summary, for
 * a result without its call is refused and half a call teaches to write half a call.
 */
function replaceNewest(parts: CompactionParts, newest: number, sizeOf: (candidate: Compaction) => number): Compaction {
  const { rows, room } = parts;
  const bare: Compaction = { role: 'compaction', content: '', kept: { from: rows.length, whole: rows.length }, resultBytes: null };
  const results = newestResults(rows, newest);
  const told = (most: number): string => results.map((result) => `## ${resultTitle(result)}\n${cutResult(result, most)}`).join('\n\n');
  const opening = 'Your newest answer is too long to stand here; it was carried out. What its calls came to:';
  const withResults = (most: number, summary = ''): Compaction => ({
    ...bare,
    content: [...(summary === '' ? [] : [summary]), opening, told(most)].join('\n\n'),
    resultBytes: most,
  });
  const least = sizeOf(withResults(LEAST_RESULT_BYTES));
  if (least > room) throw tooLarge('the goal, the contract, the brief, the tools and the newest step at its least', least, room);
  const summary = summaryOf(rows.slice(1), Math.min(SUMMARY_BYTES, Math.floor(room * SUMMARY_SHARE), room - least - 16));
  const sizes = results.map((result) => jsonBytes(result.content));
  const others =
    sizeOf(withResults(LEAST_RESULT_BYTES, summary)) - sizes.reduce((sum, size) => sum + Math.min(size, LEAST_RESULT_BYTES), 0);
  const level = Math.min(waterLevel(sizes, room - others), Math.max(...sizes, LEAST_RESULT_BYTES));
  return lowered(level, (most) => withResults(most, summary), sizeOf, room);
}

function newestResults(rows: readonly TranscriptRow[], newest: number): Result[] {
  const answer = rows[newest]?.message;
  const calls = answer?.role === 'assistant' ? answer.toolCalls : [];
  return rows
    .slice(newest)
    .flatMap(({ message }) =>
      message.role === 'tool' ? [{ ...withWords(message, 'left out'), call: calls.find((call) => call.id === message.toolCallId) }] : [],
    );
}

const resultTitle = (result: Result): string => `${result.toolName} ${subjectOf(result.call)}`.trimEnd();

/** The largest level below the one given that truly fits. */
function lowered(from: number, at: (level: number) => Compaction, sizeOf: (candidate: Compaction) => number, room: number): Compaction {
  let level = Math.max(LEAST_RESULT_BYTES, from);
  for (let tries = 0; tries < LOWERINGS && sizeOf(at(level)) > room; tries += 1)
    level = Math.max(LEAST_RESULT_BYTES, Math.floor(level * 0.9));
  return at(level);
}

/** The rows with a compaction at their end; its id does not matter here. */
export function withRow(rows: readonly TranscriptRow[], message: Compaction): TranscriptRow[] {
  return [...rows, { id: '', parent: rows.at(-1)?.id ?? null, agent: '', message }];
}

/** The places of the answers that a request still shows. */
export function answersIn(rows: readonly TranscriptRow[]): number[] {
  const from = compactionIn(rows)?.kept?.from ?? 1;
  return rows.flatMap((row, index) => (index >= from && row.message.role === 'assistant' ? [index] : []));
}

const resultSizes = (rows: readonly TranscriptRow[], from: number | undefined): number[] =>
  rows.slice(from ?? rows.length).flatMap(({ message }) => (message.role === 'tool' ? [jsonBytes(message.content)] : []));

/** How long each may be so that all together fit: small ones whole, the large ones alike. */
function waterLevel(sizes: readonly number[], capacity: number): number {
  let left = capacity;
  const rising = sizes.toSorted((one, other) => one - other);
  for (const [index, size] of rising.entries()) {
    const share = Math.floor(left / (rising.length - index));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

/** Null where the newest results fit as they are. */
function levelFor(parts: CompactionParts, first: Compaction, newest: number, sizeOf: (candidate: Compaction) => number): number | null {
  const full = sizeOf(first);
  if (full <= parts.room) return null;
  const sizes = resultSizes(parts.rows, newest);
  const capacity = sizes.reduce((sum, size) => sum + size, 0) - (full - parts.room);
  return lowered(waterLevel(sizes, capacity), (level) => ({ ...first, resultBytes: level }), sizeOf, parts.room).resultBytes;
}

/** How far back steps stay as they were, and before them with pointers; whole steps only, so that no call loses its result. */
function extend(parts: CompactionParts, starts: readonly number[], left: number): { from: number; whole: number } {
  const { rows } = parts;
  const before = compactionIn(rows)?.kept ?? { from: 1, whole: 1 };
  const newest = starts.at(-1) ?? rows.length;
  let whole = newest;
  let from = newest;
  let room = left;
  let wholeRoom = Math.floor(left * WHOLE_SHARE);
  for (let at = starts.length - 2; at >= 0; at -= 1) {
    const start = starts[at] ?? 0;
    const step = rows.slice(start, from);
    const asTheyWere = start >= before.whole && whole === from ? countRows(parts, step, false) : Number.POSITIVE_INFINITY;
    const size = asTheyWere <= wholeRoom ? asTheyWere : countRows(parts, step, true);
    if (size > room) break;
    if (asTheyWere <= wholeRoom) whole = start;
    room -= size;
    wholeRoom -= size;
    from = start;
  }
  return { from: from === starts[0] && before.from === 1 ? 1 : from, whole };
}

function countRows(parts: CompactionParts, rows: readonly TranscriptRow[], pointers: boolean): number {
  let sum = 0;
  for (const row of rows) {
    if (row.message.role === 'compaction') continue;
    // Pictures of older steps are told in words from here on.
    const message = row.message.role === 'tool' ? withWords(row.message, 'left out') : row.message;
    const short = pointers && message.role === 'tool' ? { ...message, content: pointerOf({ ...message, call: undefined }) } : message;
    sum += parts.count([short]);
    // The words that name what was called.
    if (pointers && message.role === 'tool') sum += 200;
    if (message.role === 'user') sum += 60;
  }
  return sum;
}

function tooLarge(what: string, size: number, room: number): StopError {
  return new StopError('CONTEXT_EXCEEDED', `${what} do not fit: they may take ${size} tokens, and the window has room for ${room}`, {
    facts: { needed_tokens: size, room_tokens: room },
  });
}
