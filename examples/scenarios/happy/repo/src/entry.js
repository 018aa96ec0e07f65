/** An entry of the ledger, and its one line of text. */
import { normalizeCategory } from './category.js';
import { parseDate } from './dates.js';
import { formatMoney, parseMoney } from './money.js';

/** Makes an entry out of four words, or throws at the first that is wrong. */
export function createEntry({ date, amount, category, description = '' }) {
  const cents = parseMoney(amount);
  if (cents === 0) throw new Error('an entry of 0.00 says nothing');
  return Object.freeze({
    date: parseDate(date),
    cents,
    category: normalizeCategory(category),
    description: description.replace(/\s+/g, ' ').trim(),
  });
}

/** The line that `parseLine` reads back as the same entry. */
export function formatEntry({ date, cents, category, description }) {
  return [date, formatMoney(cents).padStart(9), category.padEnd(9), description].join('  ').trimEnd();
}
