/** Refuses a text in which the mask stands where a secret stood: its author read the masked file and wrote it back. */
import { MASK } from '../redact.ts';
import { ToolFailure } from '../tool.ts';

const masksIn = (text: string): number => text.split(MASK).length - 1;

/**
 * A text may say the mask, as one about masking does; it may not lose a secret and gain the mask in one write.
 * @throws ToolFailure that names the file and the line.
 */
export function assertSecretsKept(name: string, before: string, after: string, redact: (text: string) => string): void {
  const line = lostSecretLine(before, after, redact);
  if (line === undefined) return;
  throw new ToolFailure(
    `${name}: line ${line} would put ${MASK} where a secret stands; nothing was written. You see secrets masked: leave that line as it is by editing around it with edit_file, or put in its place what the program should read instead, such as a variable of the environment`,
  );
}

/** The line, from 1, that has the mask where a secret stood; undefined where none was lost. */
export function lostSecretLine(before: string, after: string, redact: (text: string) => string): number | undefined {
  if (!after.includes(MASK)) return undefined;
  const known = new Set(before.split('\n'));
  const written = new Set(
    redact(before)
      .split('\n')
      .filter((line) => !known.has(line)),
  );
  const lines = after.split('\n');
  const asShown = lines.findIndex((text) => written.has(text));
  if (asShown >= 0) return asShown + 1;
  const secretsIn = (text: string): number => masksIn(redact(text)) - masksIn(text);
  if (secretsIn(after) >= secretsIn(before) || masksIn(after) <= masksIn(before)) return undefined;
  const added = lines.findIndex((text) => text.includes(MASK) && !known.has(text));
  return added < 0 ? undefined : added + 1;
}
