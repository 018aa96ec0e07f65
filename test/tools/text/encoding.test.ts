/** Encodings: which bytes are which text, and that the bytes come back as they were. */
import { describe, expect, test } from 'vitest';
import { decodeText, encodeText, encodingWords, missingCharacter, readableLines } from '../../../tools/text/encoding.ts';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

const UTF16 = Buffer.from('naïve\r\n日本 👋\n', 'utf16le');

describe('text', () => {
  test.each<[string, Buffer, string, string | undefined]>([
    ['UTF-8', Buffer.from('naïve ☃\n'), 'naïve ☃\n', undefined],
    ['nothing at all', bytes(), '', undefined],
    ['UTF-8 with a mark', bytes([0xef, 0xbb, 0xbf], 'a\n'), 'a\n', 'UTF-8 with a byte order mark'],
    ['UTF-8 with a zero byte far behind', bytes(`${'a'.repeat(8000)}`, [0]), `${'a'.repeat(8000)}\0`, undefined],
    ['UTF-16LE with a mark', Buffer.concat([bytes([0xff, 0xfe]), UTF16]), 'naïve\r\n日本 👋\n', 'UTF-16LE'],
    ['UTF-16BE with a mark', Buffer.concat([bytes([0xfe, 0xff]), Buffer.from(UTF16).swap16()]), 'naïve\r\n日本 👋\n', 'UTF-16BE'],
    ['UTF-16LE by its shape', UTF16, 'naïve\r\n日本 👋\n', 'UTF-16LE without a byte order mark'],
    ['UTF-16BE by its shape', Buffer.from(UTF16).swap16(), 'naïve\r\n日本 👋\n', 'UTF-16BE without a byte order mark'],
    ['half a character with a mark', bytes([0xff, 0xfe, 0x41, 0x00, 0x00, 0xd8]), 'A\ud800', 'UTF-16LE'],
    ['Latin-1', bytes('caf\xe9 \xfc\n'), 'café ü\n', 'Latin-1'],
    ['the mark of UTF-8 before what is none', bytes([0xef, 0xbb, 0xbf], 'caf\xe9\n'), 'ï»¿café\n', 'Latin-1'],
    ['Windows-1252', bytes('\x93quoted\x94 \x80 5, caf\xe9, \x81\n'), '“quoted” € 5, café, \x81\n', 'Windows-1252'],
  ])('is read from %s, and written back to the same bytes', (_title, raw, text, words) => {
    const decoded = decodeText(raw);
    expect(decoded?.text).toBe(text);
    expect(decoded === undefined ? 'binary' : encodingWords(decoded.encoding)).toBe(words);
    expect(decoded === undefined ? undefined : encodeText(decoded.text, decoded.encoding)).toEqual(raw);
  });

  test('is written back to the same bytes, whichever of the 256 they are', () => {
    for (const [low, high] of [
      [0x20, 0xff],
      [0xa0, 0xff],
    ] as const) {
      const raw = Buffer.from(Array.from({ length: high - low + 1 }, (_, index) => low + index));
      const decoded = decodeText(raw);
      expect(decoded && encodeText(decoded.text, decoded.encoding)).toEqual(raw);
    }
  });
});

test.each<[string, Buffer]>([
  ['a picture', bytes([0x89], 'PNG\r\n\x1a\n', [0, 0, 0, 13])],
  ['numbers of 16 bits', bytes([1, 0, 2, 0, 3, 0, 4, 0])],
  ['compressed data without a zero byte', Buffer.from(Array.from({ length: 400 }, (_, index) => ((index * 167) % 255) + 1))],
  ['UTF-16 that is not of whole characters', bytes([0x41, 0, 0x0a, 0, 0x42])],
  ['UTF-32', bytes([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0])],
])('%s is no text', (_title, raw) => {
  expect(decodeText(raw)).toBeUndefined();
});

test('the first character that an encoding does not have is named, and those that it has pass', () => {
  expect(missingCharacter('a Ω ☃', { name: 'Latin-1', mark: false })).toBe('Ω');
  expect(missingCharacter('5 €', { name: 'Latin-1', mark: false })).toBe('€');
  expect(missingCharacter('café\x85', { name: 'Latin-1', mark: false })).toBeUndefined();
  expect(missingCharacter('5 €, “café”', { name: 'Windows-1252', mark: false })).toBeUndefined();
  expect(missingCharacter('\x80', { name: 'Windows-1252', mark: false })).toBe('\x80');
  expect(missingCharacter('\ud83d', { name: 'UTF-8', mark: false })).toBe('\ud83d');
  expect(missingCharacter('👋', { name: 'UTF-8', mark: true })).toBeUndefined();
  expect(missingCharacter('\ud83d 👋 Ω', { name: 'UTF-16BE', mark: false })).toBeUndefined();
});

test('a patch with lines of two encodings is readable, each line in its own', () => {
  expect(readableLines(Buffer.concat([Buffer.from('-ä ☃\n'), bytes('+caf\xe9\n+caf\xe8\n')]))).toBe('-ä ☃\n+café\n+cafè\n');
});
