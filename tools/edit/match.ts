/** Finds an agent's lines in a file: as they are, else without their trailing blanks, else with another indentation. */
import { type Reindent, reindentation } from './indentation.ts';

/** Where lines stand, and how lines that were written for them become lines of the file. */
export interface Match {
  /** From 0. */
  readonly line: number;
  /** What had to be overlooked; undefined: nothing. */
  readonly overlooked?: 'trailing blanks' | 'indentation';
  readonly reindent: Reindent;
}

const asItIs: Reindent = (line) => line;

/** Every match on the first level that has one. Not one of lines that are all blank, unless they are there as they are. */
export function matchLines(file: readonly string[], wanted: readonly string[]): Match[] {
  const exact = windows(file, wanted).map((line): Match => ({ line, reindent: asItIs }));
  if (exact.length > 0 || wanted.every((line) => line.trim() === '')) return exact;
  const trimmed = windows(
    file.map((line) => line.trimEnd()),
    wanted.map((line) => line.trimEnd()),
  );
  if (trimmed.length > 0) return trimmed.map((line) => ({ line, overlooked: 'trailing blanks', reindent: asItIs }));
  return windows(
    file.map((line) => line.trim()),
    wanted.map((line) => line.trim()),
  ).flatMap((line): Match[] => {
    const reindent = reindentation(wanted, file.slice(line, line + wanted.length));
    return reindent === undefined ? [] : [{ line, overlooked: 'indentation', reindent }];
  });
}

function windows(file: readonly string[], wanted: readonly string[]): number[] {
  const found: number[] = [];
  if (wanted.length === 0) return found;
  for (let at = 0; at + wanted.length <= file.length; at += 1) if (wanted.every((line, index) => line === file[at + index])) found.push(at);
  return found;
}
