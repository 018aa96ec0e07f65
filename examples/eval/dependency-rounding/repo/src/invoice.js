import { lineOf } from './line.js';
import { sum } from './money/sum.js';
import { taxOf } from './tax.js';

export function invoice(items) {
  const cents = sum(items.map((item) => item.cents));
  const taxCents = sum(items.map(taxOf));
  return { lines: items.map(lineOf), cents, taxCents, totalCents: cents + taxCents };
}
