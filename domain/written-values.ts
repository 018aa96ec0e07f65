/** Values as people write them in `governor.yaml` and `operator.yaml`: durations and command lines. */
import { z } from 'zod';

const SECOND_MS = 1000;
const UNIT_MS: Record<string, number> = { s: SECOND_MS, m: 60 * SECOND_MS, h: 3600 * SECOND_MS, d: 24 * 3600 * SECOND_MS };

/** `30s`, `5m`, `2h`, `30d` in milliseconds; undefined when it is none. */
export function parseDuration(word: string): number | undefined {
  const match = /^([1-9][0-9]{0,6})([smhd])$/.exec(word);
  if (match === null) return undefined;
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

/** A duration in milliseconds, written as a word. */
export const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((word, context) => {
      const ms = parseDuration(word);
      if (ms !== undefined) return ms;
      context.addIssue({ code: 'custom', message: `"${word}" is not a duration; write 30s, 5m or 2h` });
      return z.NEVER;
    });

/** A name that people give to a check, a rule or a command. */
export const id = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'use lower-case letters, digits, dot, dash or underscore, 40 at most');

/** A program and its arguments, without a shell. */
export const argv = z.array(z.string().min(1).max(4096)).min(1).max(64);
