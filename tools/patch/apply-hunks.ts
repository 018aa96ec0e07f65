/** Puts the hunks of a patch into the lines of a file: each has exactly one place, or none is put anywhere. */
import { endedAsBefore, numbers, placedLines, remarkOf } from '../edit/apply-edits.ts';
import { type Match, matchLines } from '../edit/match.ts';
import { nearMiss } from '../edit/near-miss.ts';
import { type Line, linesOf, replaceLines } from '../text/lines.ts';
import { ToolFailure } from '../tool.ts';
import type { Hunk } from './patch.ts';

interface Placed {
  readonly line: number;
  readonly count: number;
  readonly added: readonly string[];
  readonly isEnded: boolean | undefined;
}

/** @throws ToolFailure that names the hunk, and where it nearly is. */
export function applyHunks(name: string, lines: readonly Line[], hunks: readonly Hunk[]): { lines: readonly Line[]; remarks: string[] } {
  const file = lines.map((line) => line.text);
  const remarks: string[] = [];
  const placed: Placed[] = [];
  for (const [index, hunk] of hunks.entries()) {
    const who = `${name}: hunk ${index + 1} of ${hunks.length}`;
    const last = placed.at(-1);
    const cursor = last === undefined ? 0 : last.line + last.count;
    const match = hunk.old.length === 0 ? insertion(who, file, hunk, cursor) : placeOf(who, file, hunk, cursor);
    const added = placedLines(file.slice(match.line, match.line + hunk.old.length), hunk.old, hunk.next, match);
    if (added === undefined) throw new ToolFailure(`${who}: its lines are not in the file. ${nearMiss(file, hunk.old)}`.trimEnd());
    if (match.overlooked !== undefined) remarks.push(`${who} ${remarkOf(match, hunk.old.length)}`);
    placed.push({ line: match.line, count: hunk.old.length, added, isEnded: hunk.isEnded });
  }
  return { lines: placed.toReversed().reduce(put, lines), remarks };
}

function put(lines: readonly Line[], { line, count, added, isEnded }: Placed): readonly Line[] {
  const replaced = replaceLines(lines, line, count, linesOf(added.map((text) => `${text}\n`).join('')));
  if (isEnded === undefined || line + count < lines.length) return endedAsBefore(lines, replaced);
  return isEnded ? replaced : replaced.map((one, index) => (index === replaced.length - 1 ? { ...one, ending: '' } : one));
}

/** The one place of a hunk with old lines, behind the hunk before it. */
function placeOf(who: string, file: readonly string[], hunk: Hunk, cursor: number): Match {
  const matches = matchLines(file.slice(cursor), hunk.old)
    .map((match) => ({ ...match, line: match.line + cursor }))
    .filter((match) => !hunk.atEnd || match.line + hunk.old.length === file.length);
  const [first] = matches;
  if (first === undefined) {
    const isAbove = matchLines(file.slice(0, cursor), hunk.old).length > 0;
    const why = isAbove ? 'its lines are above the hunk before it; put the hunks in the order of the file' : nearMiss(file, hunk.old);
    throw new ToolFailure(
      `${who}: its lines are not in the file${hunk.atEnd ? ' at its end' : ''}${cursor > 0 ? ` after line ${cursor}` : ''}. ${why}`.trimEnd(),
    );
  }
  if (matches.length === 1) return first;
  const named = matches.find((match) => match.line + 1 === hunk.start) ?? underHeaders(file, hunk, cursor, matches);
  if (named !== undefined) return named;
  const where = numbers(matches.map((match) => match.line + 1));
  throw new ToolFailure(
    `${who}: its lines occur ${matches.length} times, ${where}; add lines around the change, or a line "@@ " with the function that it is in`,
  );
}

/** The first match under the headers, when they lead to one only. */
function underHeaders(file: readonly string[], hunk: Hunk, cursor: number, matches: readonly Match[]): Match | undefined {
  const under = headerLines(file, hunk.headers, cursor).map((line) => matches.find((match) => match.line >= line));
  const [only] = under;
  return under.length > 0 && under.every((match) => match === only) ? only : undefined;
}

/** Where the innermost header stands, for each place of the outermost; without headers nowhere. */
function headerLines(file: readonly string[], headers: readonly string[], cursor: number): number[] {
  const [outermost, ...inner] = headers;
  if (outermost === undefined) return [];
  return matchLines(file, [outermost])
    .map((match) => match.line)
    .filter((line) => line >= cursor)
    .flatMap((line) => {
      let at: number | undefined = line;
      for (const header of inner)
        at = at === undefined ? undefined : matchLines(file, [header]).find((match) => match.line > (at ?? 0))?.line;
      return at === undefined ? [] : [at];
    });
}

/** New lines alone: below the line that a unified diff names, below the header, or at the end. */
function insertion(who: string, file: readonly string[], hunk: Hunk, cursor: number): Match {
  const reindent = (line: string): string => line;
  if (hunk.start !== undefined) return { line: Math.max(cursor, Math.min(hunk.start, file.length)), reindent };
  if (hunk.headers.length === 0) return { line: file.length, reindent };
  const places = [...new Set(headerLines(file, hunk.headers, cursor))];
  const [place] = places;
  if (place !== undefined && places.length === 1) return { line: place + 1, reindent };
  const header = JSON.stringify(hunk.headers.at(-1));
  throw new ToolFailure(
    places.length === 0
      ? `${who}: its header ${header} is not in the file. ${nearMiss(file, hunk.headers.slice(-1))}`.trimEnd()
      : `${who}: its header ${header} is ${numbers(places.map((one) => one + 1))}; give lines around the change`,
  );
}
