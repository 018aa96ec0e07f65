/** How a result is shown when there is no room for all of it: cut in the middle with a way to page, or as a pointer. */
import type { ToolCall } from '../domain/ports.ts';

/** Below this a cut result says nothing any more, in bytes of JSON. */
export const LEAST_RESULT_BYTES = 400;
/** A result up to this is shorter than what would stand in its place. */
const POINTER_BYTES = 300;
/** How far a cut looks for the end of a line, as a share of what is kept on that side. */
const BORDER_SHARE = 0.3;

/** A result with the call it answers, where that is known. */
export interface Result {
  readonly toolName: string;
  readonly content: string;
  readonly call: ToolCall | undefined;
}

/** What a text takes in a request: its bytes as JSON, quotes included. */
export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** Arguments as an object; what is none has no fields. */
export function fieldsOf(call: ToolCall | undefined): Readonly<Record<string, unknown>> {
  const value = parsed(call?.arguments ?? '');
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {};
}

/** The exit code that a command's result tells. */
export function exitCodeOf(content: string): number | undefined {
  const value = parsed(content);
  const code = value !== null && typeof value === 'object' && 'exit_code' in value ? value.exit_code : undefined;
  return typeof code === 'number' ? code : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What was called, in a few words: a path, a command, a pattern. */
export function subjectOf(call: ToolCall | undefined): string {
  const fields = fieldsOf(call);
  const { argv } = fields;
  if (Array.isArray(argv)) return short(argv.join(' '));
  for (const name of ['shell', 'pattern', 'query', 'path', 'glob']) {
    const value = fields[name];
    if (typeof value === 'string') return short(value);
  }
  return '';
}

/** The first characters of a text, on one line. */
export function short(text: string, characters = 160): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= characters ? line : `${line.slice(0, safe(line, characters))}...`;
}

/** The one-line form of an older result; the same result always gives the same line. */
export function pointerOf(result: Result): string {
  const size = Buffer.byteLength(result.content);
  if (size <= POINTER_BYTES) return result.content;
  const subject = subjectOf(result.call);
  const code = result.toolName === 'run_command' ? exitCodeOf(result.content) : undefined;
  const what = [result.toolName, ...(subject === '' ? [] : [subject])].join(' ');
  const ended = code === undefined ? '' : `, exit_code ${code}`;
  return `[governor: the result of ${what}${ended} (${size} bytes) is left out to make room; call it again to see it as it is now]`;
}

/** A result of at most so many bytes of JSON: its beginning and its end, and between them what is missing and how to get it. */
export function cutResult(result: Result, most: number): string {
  const { content } = result;
  if (jsonBytes(content) <= most) return content;
  const reserved = jsonBytes(`\n${missing(result, 0, content.length)}\n`) + 24;
  const room = Math.max(0, most - reserved);
  const head = lineEnd(content, longestStart(content, Math.floor(room * 0.6)));
  const tail = lineStart(content, head, content.length - longestEnd(content, Math.floor(room * 0.4)));
  const note = missing(result, head, tail);
  return `${head === 0 ? '' : `${content.slice(0, head).replace(/\n$/, '')}\n`}${note}${tail === content.length ? '' : `\n${content.slice(tail)}`}`;
}

function missing(result: Result, from: number, to: number): string {
  const left = result.content.slice(from, to);
  const bytes = Buffer.byteLength(left);
  const lines = left.split('\n').length - (left.endsWith('\n') ? 1 : 0);
  const range = result.toolName === 'read_file' ? numbersIn(result.content, from, to) : undefined;
  const how =
    range === undefined
      ? 'ask for less at once (a narrower path, pattern or command) to see them'
      : `read_file with start_line ${range.first} and end_line ${range.last} shows them`;
  return `[governor: cut here, ${bytes} of ${Buffer.byteLength(result.content)} bytes (${lines} lines) are left out to fit the window; ${how}]`;
}

/** The line numbers that `read_file` wrote before the lines of a part. */
function numbersIn(content: string, from: number, to: number): { first: number; last: number } | undefined {
  const start = content.lastIndexOf('\n', from - 1) + 1;
  const numbers = [...content.slice(from === 0 ? 0 : start, to).matchAll(/^(\d+)\t/gm)].map((match) => Number(match[1]));
  const first = numbers[0];
  const last = numbers.at(-1);
  return first === undefined || last === undefined ? undefined : { first, last };
}

/** Never between the two halves of a character. */
export function safe(text: string, index: number): number {
  const code = text.charCodeAt(index - 1);
  return code >= 0xd800 && code <= 0xdbff ? index - 1 : index;
}

/** How many characters from the start take at most so many bytes of JSON. */
function longestStart(text: string, most: number): number {
  return safe(
    text,
    longest(text.length, (length) => jsonBytes(text.slice(0, length)) - 2 <= most),
  );
}

function longestEnd(text: string, most: number): number {
  const length = longest(text.length, (count) => jsonBytes(text.slice(text.length - count)) - 2 <= most);
  const code = text.charCodeAt(text.length - length);
  return code >= 0xdc00 && code <= 0xdfff ? length - 1 : length;
}

function longest(most: number, fits: (length: number) => boolean): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The end of the last line before `at`, where one is near. */
function lineEnd(text: string, at: number): number {
  const border = text.lastIndexOf('\n', at - 1) + 1;
  return at > 0 && border > at * (1 - BORDER_SHARE) ? border : at;
}

/** The start of the first line from `at` on, where one is near and after `from`. */
function lineStart(text: string, from: number, at: number): number {
  if (at <= from) return from;
  const border = text[at - 1] === '\n' ? at : text.indexOf('\n', at) + 1;
  return border > 0 && border < text.length && border - at < (text.length - at) * BORDER_SHARE ? border : at;
}
