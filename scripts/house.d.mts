/** Types of `house.mjs` for its tests. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly what: string;
  readonly teaching: string;
}
export const RULES: Readonly<Record<string, string>>;
export interface Exception {
  readonly path: string;
  readonly name: string;
  readonly rule: string;
  readonly reason: string;
}
export const EXCEPTIONS: readonly Exception[];
export function inspect(files: ReadonlyMap<string, string>, exceptions?: readonly Exception[]): Violation[];
export function readHouse(root: string): Map<string, string>;
