/** The body of an answer as it comes: a stream of events or one text of JSON, told apart by its first character. */
import { createParser } from 'eventsource-parser';
import type { Assembler } from '../dialects/dialect.ts';

/** Longest answer that is read, in bytes. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export type Body =
  | { readonly kind: 'json'; readonly text: string }
  /** `whole` is undefined where the stream ended before the answer did; `error` is an error event. */
  | { readonly kind: 'events'; readonly whole: unknown; readonly error: unknown; readonly begun: boolean };

export interface BodyOptions {
  readonly assembler: Assembler;
  /** Hears of every piece that arrives. */
  readonly onBytes: () => void;
  readonly onText: (piece: string) => void;
  /** The error that an event tells, if it tells one. */
  readonly errorIn: (event: unknown, name: string | undefined) => unknown;
}

const EVENTS = /^(?:data|event|id|retry)?:/;
const MAY_BE_EVENTS = /^[a-z]{0,5}$/;

/** Endpoints answer with events although none were asked for, and the other way round: only the text itself says which it is. */
export async function readBody(chunks: AsyncIterable<Uint8Array>, options: BodyOptions): Promise<Body> {
  const decoder = new TextDecoder();
  let head = '';
  let events: ReturnType<typeof eventReader> | undefined;
  const json: string[] = [];
  for await (const piece of capped(chunks)) {
    options.onBytes();
    const text = decoder.decode(piece, { stream: true });
    if (events !== undefined) events.feed(text);
    else if (json.length > 0) json.push(text);
    else {
      // Blanks before an answer keep a connection open; there may be any number of them.
      head = (head + text).trimStart();
      if (EVENTS.test(head)) {
        events = eventReader(options);
        events.feed(head);
      } else if (!MAY_BE_EVENTS.test(head)) json.push(head);
    }
    // What comes after an error or the end is not read: the connection may stay open.
    if (events?.isOver() === true) break;
  }
  if (events !== undefined) return events.end();
  return { kind: 'json', text: `${json.length > 0 ? json.join('') : head}${decoder.decode()}` };
}

async function* capped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
    yield chunk;
  }
}

function eventReader({ assembler, onText, errorIn }: BodyOptions) {
  let error: unknown;
  let begun = false;
  let isDone = false;
  const parser = createParser({
    onEvent: ({ data, event: name }) => {
      isDone ||= data.trim() === '[DONE]';
      // An event without data is none (HTML standard, 9.2.6); some servers keep a connection open with them.
      if (isDone || error !== undefined || data.trim() === '') return;
      const event: unknown = JSON.parse(data);
      error = errorIn(event, name);
      if (error !== undefined) return;
      assembler.add(event, name);
      begun = true;
      isDone = assembler.isOver();
      const text = assembler.text();
      if (text !== '') onText(text);
    },
  });
  return {
    feed: (text: string): void => parser.feed(text),
    isOver: (): boolean => isDone || error !== undefined,
    end: (): Body => {
      // A last event without its empty line is still one.
      parser.feed('\n\n');
      return { kind: 'events', whole: error === undefined ? assembler.whole() : undefined, error, begun };
    },
  };
}
