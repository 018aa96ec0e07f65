/** How many sub-agents of a run work at once: the others wait in line, first come, first served. */

export interface Line {
  /** Runs `work` when a place is free; the place is free again however it ends. */
  inLine<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** @param places how many work at once: `limits.concurrency`. */
export function createLine(places: number): Line {
  let free = places;
  const waiting: (() => void)[] = [];
  return {
    inLine: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((turn) => waiting.push(turn));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
