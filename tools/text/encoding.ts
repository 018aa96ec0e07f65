/** Reads bytes as text and writes text back to bytes, so that what was not changed is the same bytes again. */
import { isUtf8 } from 'node:buffer';

/** How a file's bytes are its text. */
export interface Encoding {
  readonly name: 'UTF-8' | 'UTF-16LE' | 'UTF-16BE' | 'Latin-1' | 'Windows-1252';
  /** A byte order mark stands at its beginning; it is no part of the text. */
  readonly mark: boolean;
}

export interface Decoded {
  readonly text: string;
  readonly encoding: Encoding;
}

export const UTF_8: Encoding = { name: 'UTF-8', mark: false };

const MARKS: readonly { readonly name: Encoding['name']; readonly bytes: readonly number[] }[] = [
  { name: 'UTF-8', bytes: [0xef, 0xbb, 0xbf] },
  { name: 'UTF-16LE', bytes: [0xff, 0xfe] },
  { name: 'UTF-16BE', bytes: [0xfe, 0xff] },
];

/** As git does: a zero byte among so many at the beginning makes a file binary. */
const SNIFF_BYTES = 8000;

/** What 0x80 to 0x9f are in Windows-1252 (WHATWG, "index windows-1252"); the five that it leaves free are themselves. */
const WINDOWS =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';
const WINDOWS_BYTES = new Map(Array.from(WINDOWS).map((character, index) => [character, String.fromCharCode(0x80 + index)]));

/** Undefined for what is no text. `encodeText` of what it gives is `bytes` again. */
export function decodeText(bytes: Buffer): Decoded | undefined {
  for (const { name, bytes: mark } of MARKS) {
    if (!mark.every((byte, index) => bytes[index] === byte)) continue;
    const decoded = readAs(bytes.subarray(mark.length), { name, mark: true });
    if (decoded !== undefined) return decoded;
  }
  const utf8 = readAs(bytes, UTF_8);
  if (utf8 !== undefined) return utf8;
  const shape = utf16Shape(bytes);
  if (shape !== undefined) return readAs(bytes, { name: shape, mark: false });
  if (!isEightBit(bytes)) return undefined;
  const latin = bytes.toString('latin1');
  return /[\x80-\x9f]/.test(latin)
    ? {
        text: latin.replaceAll(/[\x80-\x9f]/g, (one) => WINDOWS[one.charCodeAt(0) - 0x80] ?? one),
        encoding: { name: 'Windows-1252', mark: false },
      }
    : { text: latin, encoding: { name: 'Latin-1', mark: false } };
}

/** The first character that an encoding does not have; undefined when it has them all. */
export function missingCharacter(text: string, { name }: Encoding): string | undefined {
  if (name === 'UTF-16LE' || name === 'UTF-16BE') return undefined;
  if (name === 'UTF-8') return /\p{Surrogate}/u.exec(text)?.[0];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xff && !(name === 'Windows-1252' && WINDOWS_BYTES.has(character))) return character;
    // Its place is taken by another character.
    if (name === 'Windows-1252' && code >= 0x80 && code <= 0x9f && !WINDOWS_BYTES.has(character)) return character;
  }
  return undefined;
}

/** @param text has no missing character. */
export function encodeText(text: string, { name, mark }: Encoding): Buffer {
  const body = encoded(text, name);
  const at = MARKS.find((one) => one.name === name);
  return mark && at !== undefined ? Buffer.concat([Buffer.from(at.bytes), body]) : body;
}

/** Nothing for plain UTF-8, the encoding of almost every file. */
export function encodingWords({ name, mark }: Encoding): string | undefined {
  if (name === 'UTF-8') return mark ? 'UTF-8 with a byte order mark' : undefined;
  return name.startsWith('UTF-16') && !mark ? `${name} without a byte order mark` : name;
}

/** Text of many files, such as a patch, whose lines need not share an encoding: what is no UTF-8 is read as Latin-1. */
export function readableLines(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .split('\n')
    .map((line) => {
      const raw = Buffer.from(line, 'latin1');
      return isUtf8(raw) ? raw.toString('utf8') : line;
    })
    .join('\n');
}

function encoded(text: string, name: Encoding['name']): Buffer {
  switch (name) {
    case 'UTF-8':
      return Buffer.from(text, 'utf8');
    case 'UTF-16LE':
      return Buffer.from(text, 'utf16le');
    case 'UTF-16BE':
      return Buffer.from(text, 'utf16le').swap16();
    case 'Latin-1':
      return Buffer.from(text, 'latin1');
    case 'Windows-1252':
      return Buffer.from(
        text.replaceAll(/[^\x00-\x7f\xa0-\xff]/g, (one) => WINDOWS_BYTES.get(one) ?? one),
        'latin1',
      );
    default:
      return name satisfies never;
  }
}

/** The bytes behind the mark in this encoding; undefined where they are no such text. */
function readAs(body: Buffer, encoding: Encoding): Decoded | undefined {
  if (encoding.name === 'UTF-8')
    return isUtf8(body) && !body.subarray(0, SNIFF_BYTES).includes(0) ? { text: body.toString('utf8'), encoding } : undefined;
  if (body.length % 2 !== 0) return undefined;
  const text = encoding.name === 'UTF-16LE' ? body.toString('utf16le') : Buffer.from(body).swap16().toString('utf16le');
  return text.includes('\u0000') ? undefined : { text, encoding };
}

/** Controls that text may have: tab, line breaks, form feed, escape. No unassigned character, no half of one. */
const NO_TEXT = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]|\p{Unassigned}|\p{Surrogate}|\p{Private_Use}/u;

/** UTF-16 without a mark: its line breaks and plain letters have a zero byte, all on the same side. */
function utf16Shape(bytes: Buffer): 'UTF-16LE' | 'UTF-16BE' | undefined {
  if (bytes.length < 4 || bytes.length % 2 !== 0) return undefined;
  const first = bytes.indexOf(0);
  if (first < 0) return undefined;
  const name = first % 2 === 1 ? 'UTF-16LE' : 'UTF-16BE';
  const decoded = readAs(bytes, { name, mark: false });
  return decoded === undefined || NO_TEXT.test(decoded.text) ? undefined : name;
}

/** One byte a character: neither a zero byte nor more than a few of the controls that only binary files have. */
function isEightBit(bytes: Buffer): boolean {
  const begin = bytes.subarray(0, SNIFF_BYTES);
  const odd = begin.filter((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b)).length;
  return !begin.includes(0) && odd * 100 <= begin.length;
}
