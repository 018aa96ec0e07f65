/** How many sub-agents of a run work at once: the others wait in line, first come, first served. */

export interface Line {
  /** Runs `work` when a place is free; the place is free again however it ends. */
  inLine<Result>(work: (place: Place) => Promise<Result>): Promise<Result>;
}

/** The place of who is in line. */
export interface Place {
  /** Who waits for others gives it to them; again, it does nothing. */
  lend(): void;
  /** Takes one again, when one is free; at once where it was not lent. */
  back(): Promise<void>;
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
      let held = true;
      const lend = (): void => {
        if (held) give();
        held = false;
      };
      const back = async (): Promise<void> => {
        if (!held) await take();
        held = true;
      };
      try {
        return await work({ lend, back });
      } finally {
        lend();
      }
    },
  };
}
