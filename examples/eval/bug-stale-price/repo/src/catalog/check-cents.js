export function checkCents(cents) {
  if (!Number.isInteger(cents) || cents < 0) throw new RangeError(`${cents}: is no price in cents`);
  return cents;
}
