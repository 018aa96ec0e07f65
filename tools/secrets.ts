/** Looks for secrets in whole files of a candidate; comments that switch a scanner off are ignored. */
import { KEY_SHAPES } from '../domain/key-shapes.ts';
import { isKeyStore, keyStoresIn } from './key-stores.ts';
import { MASK } from './redact.ts';
import { secretLiterals } from './secret-literals.ts';
import { presetMessages } from './secretlint.ts';
import { decodeText } from './text/encoding.ts';

export interface SecretHit {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly masked: string;
}

/** Largest file that is looked through, in bytes. What is larger is told as one that was not. */
export const MAX_SCANNED_BYTES = 64 * 1024 * 1024;
/** Most characters that are looked through at once; what the next piece begins with again, where a line is longer than that. */
const PIECE = 4 * 1024 * 1024;
const OVERLAP = 4096;

/** Where known values stand in a text, as `start` and `end`. */
export type FindKnown = (text: string) => readonly (readonly [start: number, end: number])[];

/** A file whole, or only its size where it is too large to be read. */
export type ScannedFile = { readonly path: string } & ({ readonly content: Buffer } | { readonly bytes: number });

/** @param known finds values that are known to be secret, whatever they look like. */
export async function scanSecrets(files: readonly ScannedFile[], known: FindKnown = () => []): Promise<SecretHit[]> {
  const hits: SecretHit[] = [];
  for (const file of files) {
    // A name is a text of its own, before the first line.
    hits.push(...ownHits(file.path, file.path, known).map((hit) => ({ ...hit, line: 0 })));
    const bytes = 'content' in file ? file.content.length : file.bytes;
    if (!('content' in file) || bytes > MAX_SCANNED_BYTES) {
      hits.push(notScanned(file.path, bytes));
      continue;
    }
    if (isKeyStore(file.content)) {
      hits.push({ path: file.path, line: 1, rule: 'pkcs12-key', masked: `a PKCS#12 file of ${bytes} bytes with a private key` });
      continue;
    }
    for (const whole of readings(file.content))
      for (const { text, above } of pieces(whole)) {
        const found = [...ownHits(file.path, text, known), ...(await presetHits(file.path, text))];
        hits.push(...found.map((hit) => ({ ...hit, line: hit.line + above })));
      }
  }
  const seen = new Set<string>();
  return hits.filter((hit) => {
    const key = `${hit.path}:${hit.line}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function notScanned(path: string, bytes: number): SecretHit {
  return { path, line: 1, rule: 'too-large', masked: `${bytes} bytes; at most ${MAX_SCANNED_BYTES} are looked through for secrets` };
}

/** `above`: how many lines stand before the piece. */
function* pieces(text: string): Iterable<{ text: string; above: number }> {
  let above = 0;
  for (let from = 0; from === 0 || from < text.length; ) {
    const end = from + PIECE;
    const lineEnd = end >= text.length ? text.length : text.lastIndexOf('\n', end) + 1;
    const to = lineEnd > from ? lineEnd : end;
    const piece = text.slice(from, to);
    yield { text: piece, above };
    if (to >= text.length) return;
    from = lineEnd > from ? to : to - OVERLAP;
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) above += 1;
  }
}

/** Shorter pieces of a secret stand in too many other words. */
const MIN_VALUE = 8;

/**
 * What of a file must not be shown: the secrets in it, line by line, since a part of the file may begin in the middle of one. Where a
 * secret stands only in an encoded form, its whole line.
 */
export async function secretValues(content: Buffer): Promise<string[]> {
  if (content.length > MAX_SCANNED_BYTES) return [];
  const raw = content.toString('utf8').split('\n');
  const values = new Set<string>();
  for (const text of readings(content)) {
    const lineOf = linesOf(text);
    const found = [...ownMatches(text), ...(await presetRanges(text))];
    for (const { value, index } of found) {
      const lines = value.split(/\r?\n/).filter((line) => line.trim().length >= MIN_VALUE);
      const whole = raw[lineOf(index) - 1]?.trim() ?? '';
      const isThere = lines.length > 0 && (value.includes('\n') || lines.some((line) => whole.includes(line)));
      for (const line of isThere ? lines : [whole]) if (line.length >= MIN_VALUE) values.add(line.trim());
    }
  }
  // The longer first: one may hold another.
  return [...values].toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

/** The text in its encoding, where there are zero bytes without them, so that a wide text with one odd byte is read too; and what is encoded in each. */
function readings(content: Buffer): string[] {
  const text = decodeText(content)?.text ?? content.toString('utf8');
  const texts = content.includes(0) ? [text, content.toString('latin1').replaceAll('\0', '')] : [text];
  return texts.flatMap((one) => {
    const plain = cleaned(one);
    const encoded = decodedWords(plain);
    return encoded === undefined ? [plain] : [plain, cleaned(encoded)];
  });
}

/** Without what is not seen, and what switches a scanner off. */
function cleaned(text: string): string {
  const plain = text.replace(/[\u200b-\u200f\u2060\ufeff]/g, '');
  return plain.replace(/secretlint-(?:disable|enable)[a-z-]*/g, 'x');
}

/**
 * What the base64 words of a text say, decoded once, on the lines of the words. A text of its own: a word may be a part of a token.
 * Undefined where no word is text.
 */
function decodedWords(text: string): string | undefined {
  let said = false;
  const lines = text.split('\n').map((line) => {
    const insides = (line.match(/[A-Za-z0-9+/]{32,}={0,2}/g) ?? []).map((word) => Buffer.from(word, 'base64').toString('latin1'));
    const words = insides.filter((inside) => /^[\x20-\x7e]+$/.test(inside));
    said ||= words.length > 0;
    return words.join(' ');
  });
  return said ? lines.join('\n') : undefined;
}

interface Match {
  readonly rule: string;
  readonly value: string;
  readonly index: number;
}

function ownMatches(text: string): Match[] {
  const keys = KEY_SHAPES.flatMap(({ rule, shape }) =>
    [...text.matchAll(shape)].map(({ 0: value, index }): Match => ({ rule, value, index })),
  );
  return [...keys, ...keyStoresIn(text), ...secretLiterals(text)];
}

function ownHits(path: string, text: string, known: FindKnown): SecretHit[] {
  const lineOf = linesOf(text);
  return [
    ...ownMatches(text).map(({ rule, value, index }) => ({ path, line: lineOf(index), rule, masked: mask(value) })),
    ...known(text).map(([start]) => ({ path, line: lineOf(start), rule: 'known-secret', masked: MASK })),
  ];
}

async function presetHits(path: string, text: string): Promise<SecretHit[]> {
  return (await presetMessages(path, text)).map((message) => ({
    path,
    line: message.loc.start.line,
    rule: message.ruleId.replace(/^@secretlint\/secretlint-rule-/, ''),
    masked: message.message.slice(0, 120),
  }));
}

async function presetRanges(text: string): Promise<Match[]> {
  return (await presetMessages('file', text)).map(({ ruleId, range: [from, to] }) => ({
    rule: ruleId,
    value: text.slice(from, to),
    index: from,
  }));
}

/** Gives the line, from 1, of a place in the text. */
function linesOf(text: string): (index: number) => number {
  const breaks: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks.push(at);
  return (index) => {
    let [low, high] = [0, breaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((breaks[middle] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
const mask = (value: string): string => `${value.slice(0, 4)}${'*'.repeat(8)}`;
