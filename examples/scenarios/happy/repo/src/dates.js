/** Calendar dates as `YYYY-MM-DD` text: no time, no zone, and text order is date order. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

const pad = (number) => String(number).padStart(2, '0');
const write = (year, month, day) => `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`;

export function daysInMonth(year, month) {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function partsOf(date) {
  const match = DATE.exec(date);
  if (match === null) throw new Error(`"${date}" is not a date; write 2026-01-31`);
  const [year, month, day] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw new Error(`"${date}" is not in the calendar`);
  return { year, month, day };
}

/** Gives the date back when it is one, and throws when it is not. */
export function parseDate(text) {
  partsOf(text);
  return text;
}

/** Gives `YYYY-MM` back when it is a month, and throws when it is not. */
export function parseMonth(text) {
  if (!MONTH.test(text)) throw new Error(`"${text}" is not a month; write 2026-01`);
  return text;
}

export function monthOf(date) {
  return date.slice(0, 7);
}

export function addDays(date, count) {
  const { year, month, day } = partsOf(date);
  return new Date(Date.UTC(year, month - 1, day + count)).toISOString().slice(0, 10);
}

/** The same day `count` months later, or the last day of that month where it is shorter. */
export function addMonths(date, count) {
  const { year, month, day } = partsOf(date);
  const index = year * 12 + (month - 1) + count;
  const target = { year: Math.floor(index / 12), month: (index % 12) + 1 };
  return write(target.year, target.month, Math.min(day, daysInMonth(target.year, target.month)));
}

/** For `sort`: earlier dates first. */
export function compareDates(left, right) {
  return left < right ? -1 : Number(left > right);
}
