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
  readonly at: readonly Deviation[];
}

export const at = (request: string, path: string, official: unknown, ours: unknown): Deviation => ({ request, path, official, ours });
