import { line } from '../format/line.js';
import { page } from '../format/page.js';

export const stockList = (catalog) =>
  page(
    'stock',
    catalog.all().map((product) => line(product.name, product.stock)),
  );
