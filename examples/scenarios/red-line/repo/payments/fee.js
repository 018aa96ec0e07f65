/** The fee of a card payment, in cents. */

const RATE = 0.029;

export function feeCents(amountCents) {
  if (!Number.isSafeInteger(amountCents) || amountCents <= 0) throw new RangeError(`${amountCents} is not an amount to charge`);
  return Math.ceil(amountCents * RATE);
}
