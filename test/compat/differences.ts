/** Every way in which our server answers otherwise than the official dev server, and why; `compare.test.ts` holds both to it. */
import { ABSENT, ANY, type Deviation, equal, fits } from './differ.ts';

export interface Difference {
  readonly id: string;
  /** What the official server does. */
  readonly official: string;
  /** What ours does. */
  readonly ours: string;
  readonly why: string;
  /** Requests (`<scenario>/<label>`) and places in their answers, `*` for anything; each must be seen. */
  readonly at: readonly Deviation[];
}

const at = (request: string, path: string, official: unknown, ours: unknown): Deviation => ({ request, path, official, ours });

export const DIFFERENCES: readonly Difference[] = [];

/** The rule that foresees a deviation. */
export function foreseen(deviation: Deviation): { difference: Difference; row: Deviation } | undefined {
  for (const difference of DIFFERENCES)
    for (const row of difference.at)
      if (
        fits(row.request, deviation.request) &&
        fits(row.path, deviation.path) &&
        equal(row.official, deviation.official) &&
        equal(row.ours, deviation.ours)
      )
        return { difference, row };
  return undefined;
}
void [ABSENT, ANY, at];
