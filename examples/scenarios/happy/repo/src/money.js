/** Money in whole cents, so that sums are exact. */

const AMOUNT = /^([+-]?)(\d{1,12})(?:\.(\d{1,2}))?$/;

/** `-12.5` -> -1250. Throws on anything that is not a plain decimal amount. */
export function parseMoney(text) {
  const match = AMOUNT.exec(text);
  if (match === null) throw new Error(`"${text}" is not an amount; write 12, 12.5 or -12.50`);
  const [, sign, whole, fraction = ''] = match;
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  return sign === '-' && cents !== 0 ? -cents : cents;
}

/** -1250 -> `-12.50`. */
export function formatMoney(cents) {
  const size = Math.abs(cents);
  const fraction = String(size % 100).padStart(2, '0');
  return `${cents < 0 ? '-' : ''}${Math.trunc(size / 100)}.${fraction}`;
}

export function sum(amounts) {
  return amounts.reduce((total, amount) => total + amount, 0);
}

/** The part as whole percent of the whole; 0 where there is no whole. */
export function percent(part, whole) {
  return whole === 0 ? 0 : Math.round((100 * part) / whole);
}
