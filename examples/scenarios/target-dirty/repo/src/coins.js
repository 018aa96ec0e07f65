const COINS = [50, 20, 10, 5, 2, 1];

/** The fewest coins that make an amount of cents. */
export function change(cents) {
  const coins = [];
  let left = cents;
  for (const coin of COINS) {
    while (left >= coin) {
      coins.push(coin);
      left -= coin;
    }
  }
  return coins;
}
