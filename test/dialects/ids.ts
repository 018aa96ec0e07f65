/** Identifiers that look like the providers' own and are the same in every run. */
import { createHash } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `length` letters and digits that depend on `seed` alone. */
export function letters(seed: string, length: number): string {
  let out = '';
  for (let round = 0; out.length < length; round += 1)
    for (const byte of createHash('sha256').update(`${seed}/${round}`).digest()) out += LETTERS[byte % LETTERS.length];
  return out.slice(0, length);
}

export function hex(seed: string, length: number): string {
  return createHash('sha512').update(seed).digest('hex').slice(0, length);
}

/** An opaque blob: a signature, encrypted content. */
export function blob(seed: string): string {
  return createHash('sha512').update(seed).digest('base64');
}

/** `text` in pieces, none empty, never inside a surrogate pair. */
export function pieces(text: string, count = 3): readonly string[] {
  const points = Array.from(text);
  const size = Math.max(1, Math.ceil(points.length / count));
  const out: string[] = [];
  for (let start = 0; start < points.length; start += size) out.push(points.slice(start, start + size).join(''));
  return out;
}

/** One event of a stream; a JSON value or a text that stands as it is. */
export function event(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
