const VALUES = { I: 1, V: 5, X: 10, L: 50, C: 100 };

/** The value of a Roman number up to a few hundred. */
export function value(text) {
  let sum = 0;
  for (const [index, letter] of [...text].entries()) {
    const here = VALUES[letter];
    const next = VALUES[text[index + 1]] ?? 0;
    sum += here < next ? -here : here;
  }
  return sum;
}
