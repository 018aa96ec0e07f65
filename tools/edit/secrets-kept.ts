/** Refuses a text in which the mask stands where a secret stood: its author read the masked file and wrote it back. */
import { MASK } from '../redact.ts';
import { ToolFailure } from '../tool.ts';

const masksIn = (text: string): number => text.split(MASK).length - 1;

/**
 * A text may say the mask, as one about masking does; it may not lose a secret and gain the mask in one write.
 * @throws ToolFailure that names the file and the line.
 */
export function assertSecretsKept(name: string, before: string, after: string, redact: (text: string) => string): void {
  if (!after.includes(MASK)) return;
  const secretsIn = (text: string): number => masksIn(redact(text)) - masksIn(text);
  if (secretsIn(after) >= secretsIn(before)) return;
  const known = new Set(before.split('\n'));
  const written = new Set(
    redact(before)
      .split('\n')
      .filter((line) => !known.has(line)),
  );
  const lines = after.split('\n');
  const line = lines.findIndex((text) => text.includes(MASK) && !known.has(text));
  if (masksIn(after) <= masksIn(before) && !lines.some((text) => written.has(text))) return;
  throw new ToolFailure(
    `${name}: line ${line + 1} would put ${MASK} where a secret stands; nothing was written. You see secrets masked: leave that line as it is by editing around it with edit_file, or put in its place what the program should read instead, such as a variable of the environment`,
  );
}
