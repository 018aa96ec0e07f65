/** Calendar dates as `YYYY-MM-DD` text. */

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whole days from one date to the other; negative when the second is earlier. */
export function daysBetween(from, to) {
  const days = (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS;
  if (!Number.isInteger(days)) throw new RangeError(`"${from}" or "${to}" is not a date; write 2026-01-31`);
  return days;
}
