import { line } from '../format/line.js';
import { money } from '../format/money.js';
import { page } from '../format/page.js';

export function priceList(catalog, _store) {
  return page(
    'prices',
    catalog.all().map((product) => line(product.name, money(product.cents))),
  );
}
