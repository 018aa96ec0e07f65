/** Comma separated values, as spreadsheets read them (RFC 4180). */
import { formatMoney } from './money.js';

const COLUMNS = ['date', 'amount', 'category', 'description'];

/** A cell that a spreadsheet would take for a formula is quoted as text. */
function cell(value) {
  const text = /^[=@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(entries) {
  const rows = entries.map(({ date, cents, category, description }) => [date, formatMoney(cents), category, description]);
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}
