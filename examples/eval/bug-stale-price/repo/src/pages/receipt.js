import { line } from '../format/line.js';
import { money } from '../format/money.js';
import { page } from '../format/page.js';
import { sum } from './sum.js';

export function receipt(catalog, ids) {
  const products = ids.map((id) => catalog.product(id));
  const lines = products.map((product) => line(product.name, money(product.cents)));
  return page('receipt', [...lines, line('total', money(sum(products.map((product) => product.cents))))]);
}
