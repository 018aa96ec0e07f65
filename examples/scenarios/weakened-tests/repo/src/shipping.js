/** What it costs to ship an order, in cents. */

export const BASE_CENTS = 490;
const HEAVY_FROM_GRAMS = 10_000;
const HEAVY_EXTRA_CENTS = 900;

export function shippingCents({ grams }) {
  const extra = grams >= HEAVY_FROM_GRAMS ? HEAVY_EXTRA_CENTS : 0;
  return BASE_CENTS + extra;
}
