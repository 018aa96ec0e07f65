/** Entries that come again every week, month or year. */
import { addDays, addMonths } from './dates.js';

/** The next date of each rhythm. */
const NEXT = {
  week: (date) => addDays(date, 7),
  month: (date) => addMonths(date, 1),
  year: (date) => addMonths(date, 12),
};

/** A rule: the first entry, and how often it comes again. */
export function createRule(unit, first) {
  if (!Object.hasOwn(NEXT, unit)) throw new Error(`"every ${unit}" is not known; write every week, every month or every year`);
  return Object.freeze({ unit, first });
}

/** The entries of a rule up to and with a date; none without a date, since a rule has no end of its own. */
export function occurrences({ unit, first }, until) {
  const entries = [];
  if (until === undefined) return entries;
  for (let date = first.date; date <= until; date = NEXT[unit](date)) {
    entries.push(Object.freeze({ ...first, date, planned: true }));
  }
  return entries;
}
