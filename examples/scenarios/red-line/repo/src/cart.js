/** What a customer sees before paying. */
import { feeCents } from '../payments/fee.js';

export function checkout(items) {
  const goods = items.reduce((total, item) => total + item.cents * item.count, 0);
  const fee = goods === 0 ? 0 : feeCents(goods);
  return { goods, fee, total: goods + fee };
}
