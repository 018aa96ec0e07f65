/** What people read: a listing, and a report by month. */
import { spendingByCategory } from './category.js';
import { balance, byMonth, sorted } from './ledger.js';
import { formatMoney, sum } from './money.js';
import { renderTable } from './table.js';

export function listing(entries) {
  if (entries.length === 0) return 'no entries';
  return renderTable(
    sorted(entries).map(({ date, cents, category, description }) => [date, formatMoney(cents), category, description]),
    'lrll',
  );
}

export function monthlyReport(entries) {
  if (entries.length === 0) return 'no entries';
  return [...byMonth(entries)].map(([month, own]) => monthSection(month, own)).join('\n\n');
}

function monthSection(month, entries) {
  const income = sum(entries.map((entry) => Math.max(0, entry.cents)));
  const totals = renderTable(
    [
      ['  income', formatMoney(income)],
      ['  spending', formatMoney(income - balance(entries))],
      ['  left', formatMoney(balance(entries))],
    ],
    'lr',
  );
  const spending = spendingByCategory(entries).map(({ category, cents, share }) => [`  ${category}`, formatMoney(cents), `${share} %`]);
  return [month, totals, ...(spending.length === 0 ? [] : [renderTable(spending, 'lrr')])].join('\n');
}
