/** A text as its lines, each with its own ending, so that a change keeps the endings of everything else. */
import { sharedLines } from './line-diff.ts';

export interface Line {
  readonly text: string;
  /** Empty only for a last line without a newline. */
  readonly ending: '' | '\n' | '\r\n';
}

/** `a\r\nb` is two lines. A lone carriage return is a character like any other. */
export function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    if (end < 0) {
      lines.push({ text: text.slice(at), ending: '' });
      break;
    }
    const isCrlf = end > at && text[end - 1] === '\r';
    lines.push(isCrlf ? { text: text.slice(at, end - 1), ending: '\r\n' } : { text: text.slice(at, end), ending: '\n' });
    at = end + 1;
  }
  return lines;
}

export const textOf = (lines: readonly Line[]): string => lines.map((line) => line.text + line.ending).join('');

/** The text with `\n` for every ending, as agents see and write it. */
export const flatOf = (lines: readonly Line[]): string => lines.map(({ text, ending }) => (ending === '' ? text : `${text}\n`)).join('');

export const flat = (text: string): string => text.replaceAll('\r\n', '\n');

/**
 * Puts other lines in place of some. A line that stays keeps its ending, one in the place of another takes that one's, and a new one
 * that of the line before it. The endings in `added` count only where the file has none to go by, but for the last line of the file.
 */
export function replaceLines(lines: readonly Line[], at: number, count: number, added: readonly Line[]): Line[] {
  const before = lines.slice(at, at + count);
  const after = lines.slice(at + count);
  const isEnded = ((after.length === 0 ? added : after).at(-1)?.ending ?? '\n') !== '';
  const endings = endingsOf(before, added, lines[at - 1]?.ending ?? '');
  const placed = added.map(({ text }, index): Line => ({ text, ending: endings[index] ?? '' }));
  const result = [...lines.slice(0, at), ...placed, ...after];
  const known = lines.find((line) => line.ending !== '')?.ending ?? added.find((line) => line.ending !== '')?.ending ?? '\n';
  return result.map((line, index): Line => {
    const wanted = index < result.length - 1 || isEnded;
    if (!wanted) return { ...line, ending: '' };
    return line.ending === '' ? { ...line, ending: result[index - 1]?.ending || known } : line;
  });
}

/** Replaces what stands between two places of the flat text. The ending behind it is no part of it, and stays. */
export function replaceRange(lines: readonly Line[], start: number, end: number, by: string): Line[] {
  const from = placeOf(lines, start);
  const to = placeOf(lines, end);
  const head = lines[from.line]?.text.slice(0, from.column) ?? '';
  const last = lines[to.line];
  const tail = last === undefined ? '' : last.text.slice(to.column) + (last.ending === '' ? '' : '\n');
  const added = joined(head, linesOf(by), tail);
  const result = replaceLines(lines, from.line, Math.min(to.line + 1, lines.length) - from.line, added);
  const behind = from.line + added.length - 1;
  return result.map((line, index) =>
    index === behind && last !== undefined && last.ending !== '' ? { ...line, ending: last.ending } : line,
  );
}

/** What stays of a first and a last line around new ones; a carriage return before the place is never taken for a part of an ending. */
function joined(head: string, lines: readonly Line[], tail: string): Line[] {
  const isOpen = lines.length === 0 || lines.at(-1)?.ending !== '';
  const all: Line[] = isOpen ? [...lines, { text: '', ending: '' }] : [...lines];
  const [first] = all;
  if (first !== undefined) all[0] = { ...first, text: head + first.text };
  const last = all.pop() ?? { text: '', ending: '' };
  const text = last.text + tail;
  if (text.endsWith('\n')) return [...all, { text: text.slice(0, -1), ending: '\n' }];
  return text === '' ? all : [...all, { text, ending: '' }];
}

/** What `read_file` says of endings; nothing where each line ends in a line feed. */
export function endingWords(lines: readonly Line[]): string | undefined {
  let [crlf, lf] = [0, 0];
  for (const { ending } of lines) {
    if (ending === '\r\n') crlf += 1;
    else if (ending === '\n') lf += 1;
  }
  const words = [
    ...(crlf > 0 && lf > 0 ? [`mixed line endings: ${crlf} CRLF, ${lf} LF`] : crlf > 0 ? ['CRLF line endings'] : []),
    ...(lines.at(-1)?.ending === '' ? ['no newline at the end'] : []),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

function endingsOf(before: readonly Line[], added: readonly Line[], above: Line['ending']): Line['ending'][] {
  const endings: Line['ending'][] = [];
  let old = 0;
  const fill = (until: number, gapEnd: number): void => {
    const gap = before.slice(old, gapEnd);
    for (let index = 0; endings.length < until; index += 1) endings.push((gap[index] ?? gap.at(-1))?.ending ?? endings.at(-1) ?? above);
  };
  const shared = sharedLines(
    before.map((line) => line.text),
    added.map((line) => line.text),
  );
  for (const [one, other] of shared) {
    fill(other, one);
    endings.push(before[one]?.ending ?? '');
    old = one + 1;
  }
  fill(added.length, before.length);
  return endings;
}

function placeOf(lines: readonly Line[], offset: number): { line: number; column: number } {
  let begin = 0;
  for (const [index, { text, ending }] of lines.entries()) {
    const next = begin + text.length + (ending === '' ? 0 : 1);
    if (offset < next || (offset === next && ending === '')) return { line: index, column: offset - begin };
    begin = next;
  }
  return { line: lines.length, column: 0 };
}
