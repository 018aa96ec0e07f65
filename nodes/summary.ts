/** What stands in for the steps that a request leaves out: facts from recorded rows, the agent's own words, and what was dropped. */
import type { ToolCall, TranscriptRow } from '../domain/ports.ts';
import { isTold } from '../domain/told.ts';
import { exitCodeOf, fieldsOf, jsonBytes, type Result, safe, short, subjectOf } from './cut.ts';

/** The note that asks an agent to say what it found before results are left out; its answer's text is kept as it is. */
export const CLOSING_MARK = 'The context is nearly full:';
/** Longest line of the agent's other words, in characters. */
const WORD_CHARACTERS = 400;
/** Less than this is no summary, in bytes. */
const LEAST_BYTES = 260;

interface Section {
  readonly title: string;
  /** The newest last; the oldest are dropped first. */
  readonly lines: readonly string[];
  /** Its part of what the sections before it left. */
  readonly share: number;
  /** The only line that may be longer than its section is cut, not dropped. */
  readonly cut?: boolean;
}

interface Facts {
  answers: number;
  results: number;
  bytes: number;
  readonly said: string[];
  /** What people said, whole. */
  readonly people: string[];
  readonly words: string[];
  readonly changed: Map<string, string[]>;
  readonly read: Map<string, string[]>;
  readonly commands: string[];
  readonly looked: string[];
  readonly delegated: string[];
  readonly failed: string[];
  readonly notes: string[];
}

/**
 * A summary of the rows after the brief, at most `most` bytes of JSON; made anew from all of them each time, so that it never grows
 * and is never a summary of a summary. Empty where there is no room for any.
 */
export function summaryOf(rows: readonly TranscriptRow[], most: number): string {
  const facts = factsOf(rows);
  if (facts.answers === 0 || most < LEAST_BYTES) return '';
  const opening = `# What the governor recorded of your earlier steps\n\n(${facts.answers} earlier steps of yours are left out here, with ${facts.results} results of ${facts.bytes} bytes. The files are as these steps left them; read again what you need.)`;
  const parts = [opening];
  let left = most - jsonBytes(opening);
  for (const section of sectionsOf(facts)) {
    const text = written(section, Math.floor(left * section.share));
    if (text === '') continue;
    parts.push(text);
    left -= jsonBytes(text) + 4;
  }
  return parts.join('\n\n');
}

function sectionsOf(facts: Facts): Section[] {
  const files = (touched: Map<string, string[]>): string[] => [...touched].map(([path, how]) => `- ${path}: ${compressed(how)}`);
  return [
    { title: 'What people said', lines: facts.people, share: 0.4, cut: true },
    { title: 'What you found out and decided, in your own words', lines: facts.said, share: 0.5, cut: true },
    { title: 'Files you changed', lines: files(facts.changed), share: 0.35 },
    { title: 'Commands you ran', lines: facts.commands, share: 0.3 },
    { title: 'What you said on the way', lines: facts.words, share: 0.4 },
    { title: 'Notes of the governor', lines: facts.notes, share: 0.3 },
    { title: 'Files you read', lines: files(facts.read), share: 0.4 },
    { title: 'Work you delegated', lines: facts.delegated, share: 0.5 },
    { title: 'Calls that failed or were refused', lines: facts.failed, share: 0.5 },
    { title: 'What you searched and listed', lines: facts.looked, share: 1 },
  ];
}

function factsOf(rows: readonly TranscriptRow[]): Facts {
  const facts: Facts = {
    answers: 0,
    results: 0,
    bytes: 0,
    said: [],
    people: [],
    words: [],
    changed: new Map(),
    read: new Map(),
    commands: [],
    looked: [],
    delegated: [],
    failed: [],
    notes: [],
  };
  let calls: readonly ToolCall[] = [];
  let asked = false;
  for (const { message } of rows) {
    if (message.role === 'assistant') {
      facts.answers += 1;
      calls = message.toolCalls;
      const text = message.content.trim();
      if (text !== '') (asked ? facts.said : facts.words).push(asked ? text : `- ${short(text, WORD_CHARACTERS)}`);
      asked = false;
    } else if (message.role === 'tool') {
      facts.results += 1;
      facts.bytes += Buffer.byteLength(message.content);
      noteResult(facts, { ...message, call: calls.find((call) => call.id === message.toolCallId) });
    } else if (message.role === 'user') {
      if (message.content.startsWith(CLOSING_MARK)) asked = true;
      else if (isTold(message.content)) facts.people.push(message.content);
      else facts.notes.push(`- ${short(message.content, WORD_CHARACTERS)}`);
    }
  }
  return facts;
}

/** Only what the result itself tells: a call that failed changed nothing. */
function noteResult(facts: Facts, result: Result): void {
  const subject = subjectOf(result.call);
  if (/^\{"(?:error|refused)":/.test(result.content)) {
    facts.failed.push(`- ${[result.toolName, subject].join(' ').trim()}: ${short(result.content)}`);
    return;
  }
  switch (result.toolName) {
    case 'write_file':
    case 'edit_file':
    case 'delete_file':
      add(facts.changed, subject, result.content.split(' ')[0] ?? '');
      return;
    case 'apply_patch':
      for (const [, how = '', path = ''] of (result.content.split('\n\n')[0] ?? '').matchAll(/^(changed|added|deleted|moved) (.+)$/gm))
        add(facts.changed, path, how);
      return;
    case 'read_file':
      add(facts.read, subject, linesOf(result));
      return;
    case 'run_command': {
      const code = exitCodeOf(result.content);
      facts.commands.push(`- ${subject}: ${code === undefined ? short(result.content) : `exit_code ${code}`}`);
      return;
    }
    case 'delegate':
      facts.delegated.push(`- ${short(result.content, WORD_CHARACTERS)}`);
      return;
    default:
      facts.looked.push(`- ${result.toolName} ${subject}`.trimEnd());
  }
}

function linesOf(result: Result): string {
  const { start_line: from, end_line: to } = fieldsOf(result.call);
  return from === undefined && to === undefined ? 'all' : `${typeof from === 'number' ? from : 1}-${typeof to === 'number' ? to : ''}`;
}

/** The newest place in the order is the newest touch. */
function add(touched: Map<string, string[]>, path: string, how: string): void {
  const before = touched.get(path) ?? [];
  touched.delete(path);
  touched.set(path, [...before, how]);
}

/** Each word once, the newest eight of them, with how often where more than once. */
function compressed(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) {
    const before = counts.get(word) ?? 0;
    counts.delete(word);
    counts.set(word, before + 1);
  }
  const shown = [...counts].slice(-8).map(([word, times]) => (times === 1 ? word : `${word} (${times} times)`));
  return `${counts.size > shown.length ? '..., ' : ''}${shown.join(', ')}`;
}

function written(section: Section, most: number): string {
  if (section.lines.length === 0) return '';
  const title = `## ${section.title}`;
  const kept: string[] = [];
  let left = most - jsonBytes(title) - 48;
  for (const line of section.lines.toReversed()) {
    const size = jsonBytes(line) + 2;
    if (size > left) {
      if (section.cut === true && kept.length === 0 && left > LEAST_BYTES) kept.unshift(shortened(line, left));
      break;
    }
    kept.unshift(line);
    left -= size;
  }
  const dropped = section.lines.length - kept.length;
  if (left < 0) return '';
  return [title, ...(dropped > 0 ? [`(${dropped} older ones are left out)`] : []), ...kept].join('\n');
}

/** The beginning of a text, at most so many bytes of JSON, with what is missing counted. */
function shortened(text: string, most: number): string {
  let end = Math.min(text.length, most);
  while (end > 0 && jsonBytes(text.slice(0, end)) > most - 48) end = Math.floor(end * 0.9);
  const kept = text.slice(0, safe(text, end));
  return `${kept}... (${Buffer.byteLength(text) - Buffer.byteLength(kept)} bytes more are left out)`;
}
