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
