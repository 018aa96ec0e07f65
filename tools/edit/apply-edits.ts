/** Applies an agent's edits to the lines of a file, one after the other: all of them, or none. */
import { sharedLines } from '../text/line-diff.ts';
import { flat, flatOf, type Line, linesOf, replaceLines, replaceRange } from '../text/lines.ts';
import { ToolFailure } from '../tool.ts';
import { type Match, matchLines } from './match.ts';
import { nearMiss } from './near-miss.ts';

export interface Edit {
  readonly old_text: string;
  readonly new_text: string;
  readonly replace_all?: boolean | undefined;
}

interface Edited {
  readonly lines: readonly Line[];
  /** What the agent should know of the edits that did not match to the letter. */
  readonly remarks: readonly string[];
}

/** Most places that one edit changes, and most line numbers that an answer lists. */
const MAX_PLACES = 1000;
/** Lines that are gone over for all places of one edit. */
const MAX_WORK_LINES = 20_000_000;
const SHOWN_PLACES = 20;

/** @param name the file, for what is told. @throws ToolFailure that names the edit. */
export function applyEdits(name: string, lines: readonly Line[], edits: readonly Edit[]): Edited {
  return edits.reduce<Edited>(
    (before, edit, index) => {
      const one = applyEdit(before.lines, edit, `${name}: ${edits.length === 1 ? '' : `edit ${index + 1} of ${edits.length}: `}`);
      const remark = one.remark === undefined ? [] : [`${edits.length === 1 ? '' : `edit ${index + 1} `}${one.remark}`];
      return { lines: one.lines, remarks: [...before.remarks, ...remark] };
    },
    { lines, remarks: [] },
  );
}

/** @param who begins every complaint. */
function applyEdit(lines: readonly Line[], edit: Edit, who: string): { readonly lines: readonly Line[]; readonly remark?: string } {
  const old = flat(edit.old_text);
  if (old === flat(edit.new_text))
    throw new ToolFailure(
      `${who}old_text and new_text are the same${edit.old_text === edit.new_text ? '' : ' but for line endings, which stay as the file has them'}`,
    );
  const text = flatOf(lines);
  const isAll = edit.replace_all === true;
  const places = placesOf(text, old, isAll ? old.length : 1);
  if (places.length === 0) return tolerantly(lines, edit, who);
  if (places.length > 1 && !isAll)
    throw new ToolFailure(
      `${who}old_text occurs ${places.length} times, ${numbers(places.map((place) => lineOf(text, place)))}; it must occur exactly once: add lines around it, or set replace_all`,
    );
  if (places.length > MAX_PLACES || places.length * lines.length > MAX_WORK_LINES)
    throw new ToolFailure(
      `${who}old_text occurs ${places.length > MAX_PLACES ? `more than ${MAX_PLACES}` : places.length} times in ${lines.length} lines; replace it by a command`,
    );
  return { lines: places.toReversed().reduce((before, place) => replaceRange(before, place, place + old.length, edit.new_text), lines) };
}

/** Whole lines that differ from the file's in blanks alone. The lines that the edit does not change stay as the file has them. */
function tolerantly(lines: readonly Line[], edit: Edit, who: string): { readonly lines: readonly Line[]; readonly remark: string } {
  const file = lines.map((line) => line.text);
  const old = wholeLines(edit.old_text);
  const isEnded = flat(edit.old_text).endsWith('\n');
  const matches = isEnded && edit.new_text !== '' && !flat(edit.new_text).endsWith('\n') ? [] : matchLines(file, old);
  const [match] = matches;
  if (match === undefined)
    throw new ToolFailure(`${who}old_text occurs 0 times; it must occur exactly once. ${nearMiss(file, old)}`.trimEnd());
  if (matches.length > 1)
    throw new ToolFailure(
      `${who}old_text occurs 0 times; but for ${match.overlooked ?? 'nothing'} it is ${numbers(matches.map((one) => one.line + 1))}: copy the lines exactly, with more around them`,
    );
  const next = isEnded ? wholeLines(edit.new_text) : flat(edit.new_text).split('\n');
  const placed = placedLines(file.slice(match.line, match.line + old.length), old, next, match);
  if (placed === undefined)
    throw new ToolFailure(`${who}old_text occurs 0 times; it must occur exactly once. ${nearMiss(file, old)}`.trimEnd());
  const added = linesOf(placed.map((line) => `${line}\n`).join(''));
  return { lines: endedAsBefore(lines, replaceLines(lines, match.line, old.length, added)), remark: remarkOf(match, old.length) };
}

/** The lines of a match as the change leaves them: what stays is the file's, what is new gets its indentation. */
export function placedLines(
  file: readonly string[],
  old: readonly string[],
  next: readonly string[],
  { reindent }: Match,
): string[] | undefined {
  const stays = new Map(sharedLines(old, next).map(([before, after]) => [after, before]));
  const placed = next.map((line, index) => {
    const before = stays.get(index);
    return before === undefined ? reindent(line) : file[before];
  });
  return placed.every((line) => line !== undefined) ? placed : undefined;
}

export function remarkOf(match: Match, count: number): string {
  const where = count === 1 ? `line ${match.line + 1}` : `lines ${match.line + 1} to ${match.line + count}`;
  return `matched ${where} only without regard to ${match.overlooked ?? 'nothing'}; the file's own was kept`;
}

/** A last line without a newline stays one. */
export function endedAsBefore(before: readonly Line[], after: readonly Line[]): Line[] {
  const isOpen = before.at(-1)?.ending === '';
  return after.map((line, index) => (isOpen && index === after.length - 1 ? { ...line, ending: '' } : line));
}

/** Where a text occurs; `step`: how far to go on after each. */
function placesOf(text: string, wanted: string, step: number): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0 && places.length <= MAX_PLACES; at = text.indexOf(wanted, at + step)) places.push(at);
  return places;
}

function wholeLines(text: string): string[] {
  const lines = flat(text).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const lineOf = (text: string, place: number): number => text.slice(0, place).split('\n').length;

/** `at lines 4, 10 and 22`. */
export function numbers(lines: readonly number[]): string {
  const shown = lines.slice(0, SHOWN_PLACES).map(String);
  if (lines.length > SHOWN_PLACES) return `at lines ${shown.join(', ')} and more`;
  return shown.length === 1 ? `at line ${shown[0]}` : `at lines ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
