/** The total of an order, in cents. */
import { shippingCents } from './shipping.js';

export function totals(items) {
  const goods = items.reduce((sum, item) => sum + item.cents * item.count, 0);
  const grams = items.reduce((sum, item) => sum + item.grams * item.count, 0);
  const shipping = shippingCents({ goods, grams });
  return { goods, shipping, total: goods + shipping };
}
