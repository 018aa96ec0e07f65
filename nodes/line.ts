/** How many sub-agents of a run work at once: the others wait in line, first come, first served. */

export interface Line {
  /** Runs `work` when a place is free; the place is free again however it ends. */
  inLine<Result>(work: () => Promise<Result>): Promise<Result>;
  /** For who is in line and waits for others: gives its place to them, and takes one again when `work` is done. */
  aside<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** @param places how many work at once: `limits.concurrency`. */
export function createLine(places: number): Line {
  let free = places;
  const waiting: (() => void)[] = [];
  const take = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((turn) => waiting.push(turn));
  };
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    inLine: async (work) => {
      await take();
      try {
        return await work();
      } finally {
        give();
      }
    },
    aside: async (work) => {
      give();
      try {
        return await work();
      } finally {
        await take();
      }
    },
  };
}
