/** The rules that a goal must keep before anything is opened. */
import { UsageError } from '../domain/errors.ts';

const KIB = 1024;
/** Longest goal, in UTF-8 bytes. */
export const MAX_GOAL_BYTES = 64 * KIB;

/** The goal without outer white space. @throws UsageError naming the rule and the value. */
export function validGoal(raw: string): string {
  const goal = raw.trim();
  if (goal === '') throw new UsageError('goal: must not be empty');
  const bytes = Buffer.byteLength(goal);
  if (bytes > MAX_GOAL_BYTES) throw new UsageError(`goal: ${bytes} bytes; at most ${MAX_GOAL_BYTES} are allowed`);
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.exec(goal);
  if (control !== null)
    throw new UsageError(`goal: control character U+${control[0].charCodeAt(0).toString(16).padStart(4, '0')} at ${control.index}`);
  return goal;
}
