/** Categories: one lower-case word each, and what was spent on them. */
import { percent, sum } from './money.js';

const CATEGORY = /^[a-z][a-z0-9-]{0,23}$/;

export function normalizeCategory(text) {
  const category = text.toLowerCase();
  if (!CATEGORY.test(category)) throw new Error(`"${text}" is not a category; write one word of letters, digits and dashes`);
  return category;
}

/** Spending per category, the largest first: `[{ category, cents, share }]`. Income is left out. */
export function spendingByCategory(entries) {
  const spending = entries.filter((entry) => entry.cents < 0);
  const totals = new Map();
  for (const { category, cents } of spending) totals.set(category, (totals.get(category) ?? 0) - cents);
  const whole = sum([...totals.values()]);
  return [...totals]
    .map(([category, cents]) => ({ category, cents, share: percent(cents, whole) }))
    .sort((left, right) => right.cents - left.cents || left.category.localeCompare(right.category));
}
