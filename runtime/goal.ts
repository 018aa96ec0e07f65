/** What a goal may be: text of a bounded size, all of it visible. */
import { visible } from '../domain/access.ts';
import { UsageError } from '../domain/errors.ts';

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
