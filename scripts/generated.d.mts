/** Types of `generated.mjs` for its tests. */
export interface Generated {
  readonly file: string;
  text(): Promise<string>;
}
export const GENERATED: readonly Generated[];
export function staleFiles(root: string, generated?: readonly Generated[]): Promise<{ file: string; problem: string }[]>;
export function writeFiles(root: string, generated?: readonly Generated[]): Promise<string[]>;
