/** Types of `mirror.mjs` for its tests. */
import type { Violation } from './house.mjs';

export const TEST_RULES: Readonly<Record<string, string>>;
export function inspectTests(files: ReadonlyMap<string, string>): Violation[];
