/** Types of `extensions.mjs` for its tests. */
export interface Unfinished {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}
export function unfinished(files: ReadonlyMap<string, string>): Unfinished[];
