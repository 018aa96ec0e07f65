/** The messages of a request, a pure function of the rows from root to head: append-only between compactions. */
import type { ToolResult } from '../domain/picture.ts';
import type { ChatMessage, Compaction, ToolCall, TranscriptRow } from '../domain/ports.ts';
import { cutResult, pointerOf } from './cut.ts';
import { type Shows, shownPictures, withWords } from './pictures.ts';

export interface ContextParts {
  /** The role's contract. */
  readonly contract: string;
  readonly goal: string;
  /** From the root (the brief) to the head. */
  readonly rows: readonly TranscriptRow[];
  /** What was made of the same rows before; without it every message is made anew. */
  readonly forms?: Forms;
  /** The pictures that the model is shown; absent: none. */
  readonly shows?: Shows;
  /** Pictures of rows before this place have no room; absent: as the rows say. */
  readonly picturesFrom?: number;
}

type Answer = Extract<ChatMessage, { role: 'assistant' }>;
type Form = 'pointer' | 'whole';

/** A message under construction: notes that follow it belong to it until the next answer. */
interface Draft {
  readonly base: ChatMessage;
  /** What distinguishes this form of `base` from its others. */
  readonly form: string;
  readonly text: string;
  readonly notes: string[];
}

/** Stands where an answer said nothing and called nothing, whatever it thought: endpoints refuse an empty one, and thoughts are for its own model alone. */
const NO_TEXT = '(no text)';

/** The goal verbatim, the contract, the brief with what a compaction left, then the exchange as it was. */
export function renderMessages(parts: ContextParts): ChatMessage[] {
  const { contract, goal, rows, forms = createForms() } = parts;
  const [root] = rows;
  if (root === undefined) return [];
  const compacted = compactionIn(rows);
  const from = compacted?.kept?.from ?? 1;
  const whole = compacted?.kept?.whole ?? 1;
  const limits = limitsOf(rows, from);
  const seen = seenIn(parts);
  const left = compacted?.content ?? '';
  const drafts: Draft[] = [draftOf(root.message, left === '' ? root.message.content : `${root.message.content}\n\n${left}`, left)];
  let calls: readonly ToolCall[] = [];
  for (let index = from; index < rows.length; index += 1) {
    const message = rows[index]?.message;
    if (message === undefined) continue;
    if (message.role === 'assistant') {
      calls = message.toolCalls;
      drafts.push(answerOf(message));
    } else if (message.role === 'tool') {
      const call = calls.find((one) => one.id === message.toolCallId);
      const form = index < whole ? 'pointer' : 'whole';
      drafts.push(resultOf(forms, { message, call, form, most: limits.get(index), seen: seen(message.picture, index) }));
    } else if (message.role !== 'compaction') addNote(drafts, message);
  }
  const system = `${contract}\n\n# The goal, in the words of the person who asked\n\n${goal}`;
  const first = forms.message(root.message, `system ${system}`, () => ({ role: 'system', content: system }));
  return [first, ...drafts.map((draft) => finished(forms, draft))];
}

/** The newest compaction that left steps out. */
export function compactionIn(rows: readonly TranscriptRow[]): Compaction | undefined {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const message = rows[index]?.message;
    if (message?.role === 'compaction' && message.kept !== null) return message;
  }
  return undefined;
}

/** The longest that each result of a step may be, where that was decided when it was first sent. */
function limitsOf(rows: readonly TranscriptRow[], from: number): Map<number, number> {
  const limits = new Map<number, number>();
  let most: number | null = null;
  for (let index = rows.length - 1; index >= from; index -= 1) {
    const message = rows[index]?.message;
    if (message?.role === 'compaction') most = message.resultBytes ?? most;
    else if (message?.role === 'assistant') most = null;
    else if (message?.role === 'tool' && most !== null) limits.set(index, most);
  }
  return limits;
}

const draftOf = (base: TranscriptRow['message'], text: string, form = ''): Draft => ({ base: asChat(base), form, text, notes: [] });

/** The root is a brief; anything else was never written by us. */
const asChat = (message: TranscriptRow['message']): ChatMessage =>
  message.role === 'compaction' ? { role: 'user', content: message.content } : message;

function answerOf(message: Answer): Draft {
  const isEmpty = message.content.trim() === '' && message.toolCalls.length === 0;
  return draftOf(message, isEmpty ? NO_TEXT : message.content);
}

/** How each result's picture is told. */
function seenIn({ rows, shows = () => false, picturesFrom }: ContextParts): (picture: ToolResult['picture'], index: number) => Seen {
  const shown = new Set(shownPictures(rows, shows, picturesFrom));
  return (picture, index) => (shown.has(index) ? 'seen' : picture !== undefined && shows(picture) ? 'left out' : 'unseen');
}

type Seen = Parameters<typeof withWords>[1];

interface Shown {
  readonly message: ToolResult;
  readonly call: ToolCall | undefined;
  readonly form: Form;
  /** The longest it may be, in bytes of JSON. */
  readonly most: number | undefined;
  readonly seen: Seen;
}

function resultOf(forms: Forms, { message, call, form, most, seen }: Shown): Draft {
  if (message.picture !== undefined) return pictureOf(forms, message, form === 'pointer' && seen === 'seen' ? 'left out' : seen);
  if (form === 'pointer')
    return draftOf(
      message,
      forms.text(message, 'pointer', () => pointerOf({ ...message, call })),
      'pointer',
    );
  const content = unforged(message.content);
  if (most === undefined) return draftOf(message, content);
  return draftOf(
    message,
    forms.text(message, `cut ${most}`, () => cutResult({ ...message, content, call }, most)),
    `cut ${most}`,
  );
}

/** Its words are few: they are neither cut nor a pointer. */
function pictureOf(forms: Forms, message: ToolResult, seen: Seen): Draft {
  const base = forms.message(message, `picture ${seen}`, () => withWords({ ...message, content: unforged(message.content) }, seen));
  return draftOf(base, base.content);
}

const NOTE = '[note of the governor';

/** A file or an output may hold the words that mark a note; there they are a quotation. */
export const unforged = (text: string): string => (text.includes(NOTE) ? text.replaceAll(NOTE, '[quoted: note of the governor') : text);

/**
 * Folded into the result before it, or joined with the user message before it: validators refuse a user message after tool messages,
 * and two in a row. Nothing that was sent changes: notes are appended before their request is.
 */
function addNote(drafts: Draft[], message: Extract<ChatMessage, { role: 'user' | 'system' }>): void {
  const before = drafts.at(-1);
  if (before === undefined || before.base.role === 'assistant') drafts.push(draftOf(message, message.content));
  else before.notes.push(before.base.role === 'tool' ? `${NOTE}, no part of the result]\n${message.content}` : message.content);
}

function finished(forms: Forms, { base, form, text, notes }: Draft): ChatMessage {
  const content = notes.length === 0 ? text : [text, ...notes].join('\n\n');
  if (content === base.content) return base;
  return forms.message(base, `${form} ${notes.length} ${content.length} ${notes.join('\n')}`, () => ({ ...base, content }));
}

/**
 * What was made of the rows of one run: the same object for the same form of the same row, so that what others know of it by identity
 * stays known.
 */
export interface Forms {
  message(row: object, form: string, make: () => ChatMessage): ChatMessage;
  text(row: object, form: string, make: () => string): string;
}

export function createForms(): Forms {
  return { message: formsOf<ChatMessage>(), text: formsOf<string>() };
}

function formsOf<Value>(): (row: object, form: string, make: () => Value) => Value {
  const known = new WeakMap<object, Map<string, Value>>();
  return (row, form, make) => {
    const forms = known.get(row) ?? new Map<string, Value>();
    known.set(row, forms);
    const found = forms.get(form);
    if (found !== undefined) return found;
    const made = make();
    forms.set(form, made);
    return made;
  };
}
