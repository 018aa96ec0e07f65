/** Lines with their endings: what stays keeps its own, what is new takes that of its place. */
import { describe, expect, test } from 'vitest';
import { endingWords, flatOf, linesOf, replaceRange, textOf } from '../../../tools/text/lines.ts';

/** Replaces the only occurrence. */
function replaced(text: string, old: string, by: string): string {
  const lines = linesOf(text);
  const flat = flatOf(lines);
  expect(flat.split(old)).toHaveLength(2);
  const at = flat.indexOf(old);
  return textOf(replaceRange(lines, at, at + old.length, by));
}

test('a text is its lines, whatever ends them', () => {
  for (const text of ['', '\n', 'a', 'a\n', 'a\r\nb', 'a\r\r\nb\rc\n\r\n', '\r\n\r\n', 'a\r']) expect(textOf(linesOf(text))).toBe(text);
});

describe('a replacement', () => {
  test.each<[string, string, string, string, string]>([
    ['in LF writes LF', 'a\nb\nc\n', 'b', 'x\ny', 'a\nx\ny\nc\n'],
    ['in LF writes LF for CRLF that was given', 'a\nb\n', 'b', 'x\r\ny', 'a\nx\ny\n'],
    ['in CRLF writes CRLF', 'a\r\nb\r\nc\r\n', 'a\nb', 'x\ny\nz', 'x\r\ny\r\nz\r\nc\r\n'],
    ['keeps each line its own ending in a mixed file', 'a\r\nb\nc\r\n', 'b', 'x', 'a\r\nx\nc\r\n'],
    ['gives a new line the ending of the line before it', 'a\r\nb\nc\r\n', 'b', 'b\nx', 'a\r\nb\nx\nc\r\n'],
    ['gives a first line the ending that the file has', 'a\r\nb\n', 'a', 'x\na', 'x\r\na\r\nb\n'],
    ['takes a line away with its ending', 'a\r\nb\nc\r\n', 'b\n', '', 'a\r\nc\r\n'],
    ['joins lines and keeps the ending of the second', 'a\r\nb\nc\r\n', 'a\nb', 'ab', 'ab\nc\r\n'],
    ['keeps an end without a newline', 'a\r\nb', 'b', 'x', 'a\r\nx'],
    ['goes on behind such an end', 'a\r\nb', 'b', 'b\nc', 'a\r\nb\r\nc'],
    ['adds a newline at the end where it is asked to', 'a\r\nb', 'b', 'b\n', 'a\r\nb\r\n'],
    ['takes the newline at the end where it is asked to', 'a\nb\n', 'b\n', 'b', 'a\nb'],
    ['keeps a lone carriage return', 'a\rb\nc\n', 'c', 'd', 'a\rb\nd\n'],
    ['keeps one before the ending of the line', 'a\nb c\r\r\n', 'b', 'd\ne', 'a\nd\r\ne c\r\r\n'],
    ['takes none for a part of an ending that comes behind it', 'a\rb\n', 'b', '\nb', 'a\r\nb\n'],
    ['writes what it was given into a file of one line', 'a', 'a', 'x\r\ny', 'x\r\ny'],
  ])('%s', (_title, text, old, by, expected) => {
    expect(replaced(text, old, by)).toBe(expected);
  });
});

test('the endings are told, but for plain ones', () => {
  const told = (text: string) => endingWords(linesOf(text));
  expect(told('a\nb\n')).toBeUndefined();
  expect(told('')).toBeUndefined();
  expect(told('a\r\nb\r\n')).toBe('CRLF line endings');
  expect(told('a\r\nb\nc')).toBe('mixed line endings: 1 CRLF, 1 LF, no newline at the end');
});
