/** When a thread outlives its time to live. */

/** `at` is ISO or ms since 1970; the answer is ISO, null for a thread that is kept. */
export const expiresAt = (at: string | number, ttlMinutes: number | null): string | null =>
  ttlMinutes === null ? null : new Date(new Date(at).getTime() + ttlMinutes * 60_000).toISOString();
