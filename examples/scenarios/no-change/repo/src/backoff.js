/** How long to wait before the next try. */

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** Doubles with every failed attempt (from 1), up to the cap. */
export function delayMs(attempt) {
  if (!Number.isSafeInteger(attempt) || attempt < 1) throw new RangeError(`attempt ${attempt}: counts from 1`);
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
}
