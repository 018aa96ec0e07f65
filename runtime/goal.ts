/** What a goal may be: text of a bounded size, all of it visible, and no secret in it. */
import { visible } from '../domain/access.ts';
import { UsageError } from '../domain/errors.ts';
import { keyShapeIn } from '../domain/key-shapes.ts';
import { createKnown } from '../tools/redact.ts';
import { knownSecrets } from './drive/redactor.ts';

/** Longest goal, in UTF-8 bytes. */
export const MAX_GOAL_BYTES = 16 * 1024;

/** @throws UsageError naming the goal, the rule and the value. */
export function checkGoal(goal: string): string {
  const text = goal.replace(/\r\n/g, '\n').trim();
  if (text === '') throw new UsageError('goal: is empty');
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_GOAL_BYTES) throw new UsageError(`goal: ${bytes} bytes; at most ${MAX_GOAL_BYTES} are allowed`);
  const seen = visible(text);
  if (seen !== text) throw new UsageError(`goal: control or invisible characters are not allowed: ${JSON.stringify(seen.slice(0, 200))}`);
  return text;
}

/**
 * Of what a caller says and this home keeps: agents, files, commits and traces would show it.
 * @throws UsageError naming the field and the rule, never the value.
 */
export function assertNoSecret(env: Parameters<typeof knownSecrets>[0], field: string, value: unknown): void {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const isKnown = createKnown(knownSecrets(env, undefined)).find(text).length > 0;
  const rule = isKnown ? 'a key that is in use here' : keyShapeIn(text);
  if (rule === undefined) return;
  throw new UsageError(
    `${field}: holds what looks like a secret (${rule}), which agents, files and traces would show; name where the program gets it instead`,
  );
}
