/** Chance that a seed repeats (mulberry32): the same seed gives the same numbers. */

/** Whole numbers of 32 bits. */
export function bits(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Numbers from 0 to below 1. */
export function dice(seed: number): () => number {
  const next = bits(seed);
  return () => next() / 4_294_967_296;
}

/** The questions that random cases ask of chance. */
export interface Chance {
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number;
  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number;
  chance(percent: number): boolean;
}

export function chanceOf(seed: number): Chance {
  const next = bits(seed);
  const below = (limit: number): number => next() % limit;
  return { below, between: (low, high) => low + below(high - low + 1), chance: (percent) => below(100) < percent };
}
