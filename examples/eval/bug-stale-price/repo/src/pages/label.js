import { line } from '../format/line.js';
import { money } from '../format/money.js';

export function label(catalog, id) {
  const product = catalog.product(id);
  return line(product.name.toUpperCase(), money(product.cents));
}
