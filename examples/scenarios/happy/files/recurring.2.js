/** Entries that come again every week, month or year. */
import { addDays, addMonths } from './dates.js';

/** The date of each rhythm after so many turns. Counted from the first date: a short month must not shorten those after it. */
const TURN = {
  week: (first, count) => addDays(first, 7 * count),
  month: (first, count) => addMonths(first, count),
  year: (first, count) => addMonths(first, 12 * count),
};

/** A rule: the first entry, and how often it comes again. */
export function createRule(unit, first) {
  if (!Object.hasOwn(TURN, unit)) throw new Error(`"every ${unit}" is not known; write every week, every month or every year`);
  return Object.freeze({ unit, first });
}

/** The entries of a rule up to and with a date; none without a date, since a rule has no end of its own. */
export function occurrences({ unit, first }, until) {
  const entries = [];
  if (until === undefined) return entries;
  for (let count = 0, date = first.date; date <= until; count += 1, date = TURN[unit](first.date, count)) {
    entries.push(Object.freeze({ ...first, date, planned: true }));
  }
  return entries;
}
