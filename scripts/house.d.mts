/** Types of `house.mjs` for its tests. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly what: string;
  readonly teaching: string;
}
export const RULES: Readonly<Record<string, string>>;
export function inspect(files: ReadonlyMap<string, string>): Violation[];
export function readHouse(root: string): Map<string, string>;
