/** What an agent is told of text that is not in a file: the nearest lines with their numbers, and what differs. */

/** Lines of the wanted text that are compared at each place. */
const COMPARED_LINES = 40;
/** A longer line is not shown, rather than cut: a cut secret is no longer known as one, and not masked. */
const SHOWN_CHARACTERS = 300;
/** Pairs of letters in common, of 1, below which two lines are nothing alike. */
const ALIKE = 0.5;

const shown = (line: string): string => (line.length > SHOWN_CHARACTERS ? `a line of ${line.length} characters` : JSON.stringify(line));

/** Empty when nothing is near. @param file its lines. */
export function nearMiss(file: readonly string[], wanted: readonly string[]): string {
  if (wanted.length > 0 && wanted.every((line) => /^\d+\t/.test(line)))
    return 'Its lines begin with the line numbers of read_file; leave out the number and the tab.';
  const place = mostEqual(file, wanted);
  return place === undefined ? alike(file, wanted) : differing(file, wanted, place);
}

/** The place where the most lines are equal but for blanks around them. */
function mostEqual(file: readonly string[], wanted: readonly string[]): number | undefined {
  const trimmed = file.map((line) => line.trim());
  const compared = wanted.slice(0, COMPARED_LINES).map((line) => line.trim());
  let best: { readonly at: number; readonly equal: number } | undefined;
  for (let at = 1 - compared.length; at < trimmed.length; at += 1) {
    const equal = compared.filter((line, index) => line !== '' && line === trimmed[at + index]).length;
    if (equal > (best?.equal ?? 0)) best = { at, equal };
  }
  return best?.at;
}

function differing(file: readonly string[], wanted: readonly string[], at: number): string {
  const first = Math.max(0, at);
  const last = Math.min(file.length, at + wanted.length) - 1;
  const equal = wanted.filter((line, index) => line.trim() !== '' && line.trim() === file[at + index]?.trim()).length;
  const of = wanted.filter((line) => line.trim() !== '').length;
  const index = wanted.findIndex((line, one) => line.trim() !== file[at + one]?.trim());
  const where = first === last ? `line ${first + 1}` : `lines ${first + 1} to ${last + 1}`;
  const nearest = `Nearest: ${where}, with ${equal} of ${of} lines the same but for blanks around them.`;
  const line = at + (index < 0 ? wanted.findIndex((text, one) => text !== file[at + one]) : index);
  const there = file[line];
  const is =
    there === undefined
      ? line < 0
        ? 'There is no line before the first'
        : `Line ${line + 1} is not there`
      : `Line ${line + 1} is ${shown(there)}`;
  return `${nearest} ${is}; the text has ${shown(wanted[line - at] ?? '')}.`;
}

/** No line is equal: the one that is most like the longest wanted line. */
function alike(file: readonly string[], wanted: readonly string[]): string {
  const longest = wanted.map((line) => line.trim()).reduce((one, other) => (other.length > one.length ? other : one), '');
  let best = { index: -1, score: ALIKE };
  const pairs = pairsOf(longest);
  for (const [index, line] of file.entries()) {
    const score = likeness(pairs, pairsOf(line.trim()));
    if (score > best.score) best = { index, score };
  }
  return best.index < 0 ? '' : `Nearest: line ${best.index + 1} is ${shown(file[best.index] ?? '')}; the text has ${shown(longest)}.`;
}

function pairsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index + 1 < Math.min(text.length, 400); index += 1) {
    const pair = text.slice(index, index + 2);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/** Dice's coefficient of the two sets of pairs. */
function likeness(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  const size = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, count) => sum + count, 0);
  const both = [...one].reduce((sum, [pair, count]) => sum + Math.min(count, other.get(pair) ?? 0), 0);
  const all = size(one) + size(other);
  return all === 0 ? 0 : (2 * both) / all;
}
