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

/** Places whose indentation is looked at: more than a few are no answer. */
const MAX_REINDENTED = 100;

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
  )
    .slice(0, MAX_REINDENTED)
    .flatMap((line): Match[] => {
      const reindent = reindentation(wanted, file.slice(line, line + wanted.length));
      return reindent === undefined ? [] : [{ line, overlooked: 'indentation', reindent }];
    });
}

/** Where the wanted lines begin (Knuth, Morris, Pratt, "Fast pattern matching in strings", 1977): many equal lines cost no more than others. */
function windows(file: readonly string[], wanted: readonly string[]): number[] {
  const found: number[] = [];
  if (wanted.length === 0) return found;
  const borders = bordersOf(wanted);
  let matched = 0;
  for (const [at, line] of file.entries()) {
    while (matched > 0 && (matched === wanted.length || wanted[matched] !== line)) matched = borders[matched - 1] ?? 0;
    if (wanted[matched] === line) matched += 1;
    if (matched === wanted.length) found.push(at - matched + 1);
  }
  return found;
}

/** Of each beginning the length of its longest shorter beginning that it also ends with. */
function bordersOf(lines: readonly string[]): number[] {
  const borders = [0];
  let border = 0;
  for (let at = 1; at < lines.length; at += 1) {
    while (border > 0 && lines[border] !== lines[at]) border = borders[border - 1] ?? 0;
    if (lines[border] === lines[at]) border += 1;
    borders.push(border);
  }
  return borders;
}
