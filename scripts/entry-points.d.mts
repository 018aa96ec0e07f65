/** The types of `entry-points.mjs`. */
export const ENTRY_RULES: Readonly<Record<'route-test' | 'command-test' | 'command-line', string>>;
export const CONTRACT: string;
export function inspectEntryPoints(
  files: ReadonlyMap<string, string>,
): { readonly path: string; readonly line: number; readonly rule: string; readonly what: string; readonly teaching: string }[];
