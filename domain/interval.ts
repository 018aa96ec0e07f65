/** What a few runs say about many: 95 % intervals of a rate and of a mean. */

/** A value with where it lies in 95 of 100 such samples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959964;

/** Of Student's t, by degrees of freedom from 1; beyond the table the next lower entry, which errs to the wide side. */
const T = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098,
  2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/** Wilson's score interval of a rate (E. B. Wilson, 1927); it holds for few runs and at 0 and 1, where the usual one does not. */
export function wilson(successes: number, runs: number): Interval {
  if (runs === 0) return { low: 0, high: 1 };
  const rate = successes / runs;
  const square = Z * Z;
  const scale = 1 + square / runs;
  const middle = (rate + square / (2 * runs)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / runs + square / (4 * runs * runs));
  return { low: successes === 0 ? 0 : Math.max(0, middle - half), high: successes === runs ? 1 : Math.min(1, middle + half) };
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Student's interval of a mean of values that are not below 0; undefined for fewer than two. */
export function meanInterval(values: readonly number[]): Interval | undefined {
  const quantile = T[Math.min(values.length - 1, T.length) - 1];
  if (quantile === undefined) return undefined;
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  const half = quantile * Math.sqrt(variance / values.length);
  return { low: Math.max(0, middle - half), high: middle + half };
}
