import { instantOf } from './instant-of.js';
import { isoDay } from './iso-day.js';
import { MINUTE_MS } from './units.js';

/** The day of an entry where it was written. */
export function dayOf(entry) {
  return isoDay(instantOf(entry) - entry.offsetMinutes * MINUTE_MS);
}
