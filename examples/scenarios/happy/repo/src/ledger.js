/** Questions over entries. Every function gives a new list and leaves its argument alone. */
import { compareDates, monthOf } from './dates.js';
import { sum } from './money.js';

export function balance(entries) {
  return sum(entries.map((entry) => entry.cents));
}

/** By date; entries of one day keep their order. */
export function sorted(entries) {
  return [...entries].sort((left, right) => compareDates(left.date, right.date));
}

export function select(entries, { month, category } = {}) {
  return entries.filter(
    (entry) => (month === undefined || monthOf(entry.date) === month) && (category === undefined || entry.category === category),
  );
}

/** `Map` of month -> its entries, months in order. */
export function byMonth(entries) {
  const months = new Map();
  for (const entry of sorted(entries)) {
    const month = monthOf(entry.date);
    months.set(month, [...(months.get(month) ?? []), entry]);
  }
  return months;
}
