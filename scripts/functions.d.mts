/** Types of `functions.mjs` for its tests. */
export interface MeasuredFunction {
  readonly name: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** 0 for a signature without a body. */
  readonly lines: number;
  readonly parameters: number;
}
export function functionsOf(path: string, text: string): MeasuredFunction[];
