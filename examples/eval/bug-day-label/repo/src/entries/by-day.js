import { dayOf } from '../time/day-of.js';

/** The days in order, each with its entries. */
export function byDay(entries) {
  const days = new Map();
  for (const entry of entries) days.set(dayOf(entry), [...(days.get(dayOf(entry)) ?? []), entry]);
  return days;
}
