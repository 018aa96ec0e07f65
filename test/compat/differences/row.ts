/** One difference: what each server does, why, and every place where it shows. */
import type { Deviation } from '../differ.ts';

export interface Difference {
  readonly id: string;
  /** What the official server does. */
  readonly official: string;
  /** What ours does. */
  readonly ours: string;
  readonly why: string;
  /** Requests (`<scenario>/<label>`) and places in their answers, `*` for anything; each must be seen. */
  readonly at: readonly Row[];
}

interface Row extends Deviation {
  /** The official server's answer depends on which of two readers comes first: there may be no difference. */
  readonly races?: true;
}

export const at = (request: string, path: string, official: unknown, ours: unknown): Row => ({ request, path, official, ours });
export const racing = (row: Row): Row => ({ ...row, races: true });
