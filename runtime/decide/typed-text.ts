/** What a person typed: within its size, and without anything that a terminal would not show. */
import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';

/** Longest comment or reason, in UTF-8 bytes. */
const MAX_SAID_BYTES = 8 * 1024;

/** @throws UsageError naming the flag. */
export function said(flag: string, text: string, maxBytes = MAX_SAID_BYTES): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw new UsageError(`${flag}: ${bytes} bytes; at most ${maxBytes} are allowed`);
  if (visible(text) !== text)
    throw new UsageError(`${flag}: control or invisible characters are not allowed: ${JSON.stringify(visible(text).slice(0, 200))}`);
  return text;
}
