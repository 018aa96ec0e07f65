/** Reads a patch: `*** Begin Patch`, the format that OpenAI's models are trained on (its prompting guides), or a unified diff. */
import { flat } from '../text/lines.ts';
import { ToolFailure } from '../tool.ts';
import { type FileChange, HunkLines } from './patch.ts';
import { parseUnified, RANGE } from './unified.ts';

/** @throws ToolFailure that names the line and what it should be. */
export function parsePatch(text: string): FileChange[] {
  const lines = flat(text).split('\n');
  const begin = lines.findIndex((line) => line.trim() === '*** Begin Patch');
  const changes = begin >= 0 ? parseEnvelope(lines, begin + 1) : parseUnified(lines);
  if (changes.length === 0)
    throw new ToolFailure('apply_patch: the patch changes no file; it is *** Begin Patch ... *** End Patch, or a unified diff');
  return changes;
}

const FILE_LINE = /^\*\*\* (Add|Delete|Update) File: (.+)$/;
const MOVE_LINE = /^\*\*\* Move to: (.+)$/;

function parseEnvelope(lines: readonly string[], from: number): FileChange[] {
  const end = lines.findLastIndex((line) => line.trim() === '*** End Patch');
  if (end < from)
    throw new ToolFailure('apply_patch: the patch has no line "*** End Patch"; it may have been cut off, and nothing was written');
  const heads = lines.flatMap((line, index) => (index >= from && index < end && FILE_LINE.test(line) ? [index] : []));
  const stray = lines.findIndex((line, index) => index >= from && index < (heads[0] ?? end) && line.trim() !== '');
  if (stray >= 0)
    throw misplaced(lines, stray, 'a file begins with "*** Add File: ", "*** Delete File: " or "*** Update File: " and its path');
  return heads.map((head, index) => {
    const [, kind = '', path = ''] = FILE_LINE.exec(lines[head] ?? '') ?? [];
    const body: Body = { lines, from: head + 1, to: heads[index + 1] ?? end };
    switch (kind) {
      case 'Add':
        return added(path.trim(), body);
      case 'Delete':
        return deleted(path.trim(), body);
      default:
        return updated(path.trim(), body);
    }
  });
}

/** The lines of one file: `from` up to before `to`. */
interface Body {
  readonly lines: readonly string[];
  readonly from: number;
  readonly to: number;
}

function added(path: string, { lines, from, to }: Body): FileChange {
  const content: string[] = [];
  for (let at = from; at < to; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('+')) content.push(`${line.slice(1)}\n`);
    else if (line !== '' || lines.slice(at, to).some((other) => other.startsWith('+')))
      throw misplaced(lines, at, 'every line of an added file begins with +');
  }
  return { kind: 'add', path, content: content.join('') };
}

function deleted(path: string, { lines, from, to }: Body): FileChange {
  const stray = lines.findIndex((line, index) => index >= from && index < to && line.trim() !== '');
  if (stray >= 0) throw misplaced(lines, stray, 'nothing follows "*** Delete File: "');
  return { kind: 'delete', path };
}

function updated(path: string, { lines, from, to }: Body): FileChange {
  const move = MOVE_LINE.exec(lines[from] ?? '')?.[1]?.trim();
  const hunks: HunkLines[] = [];
  for (let at = move === undefined ? from : from + 1; at < to; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('@@')) hunkFor(hunks, line);
    else if (line.trim() === '*** End of File') (hunks.at(-1) ?? new HunkLines()).atEnd = true;
    else if (line.startsWith('*** ')) throw misplaced(lines, at, 'a hunk ends with @@, "*** End of File" or the next file');
    else {
      if (hunks.length === 0 || hunks.at(-1)?.atEnd === true) {
        if (line.trim() === '') continue;
        hunks.push(new HunkLines());
      }
      hunks.at(-1)?.push(line, at + 1);
    }
  }
  const whole = hunks.map((hunk) => hunk.done()).filter((hunk) => hunk.old.length + hunk.next.length > 0);
  if (whole.length === 0 && move === undefined) throw new ToolFailure(`apply_patch: ${path}: the update has no hunk`);
  return { kind: 'update', path, moveTo: move, hunks: whole };
}

/** `@@` begins a hunk; several in a row lead into it from the outside, such as a class and its method. */
function hunkFor(hunks: HunkLines[], line: string): void {
  const last = hunks.at(-1);
  const hunk = last?.isEmpty === true && !last.atEnd ? last : new HunkLines();
  if (hunk !== last) hunks.push(hunk);
  const range = RANGE.exec(line);
  if (range !== null) hunk.start = Number(range[1]);
  const header = range === null ? line.slice(2).replace(/^ /, '') : '';
  if (header.trim() !== '') hunk.headers.push(header);
}

function misplaced(lines: readonly string[], at: number, rule: string): ToolFailure {
  return new ToolFailure(`apply_patch: line ${at + 1} of the patch is ${JSON.stringify((lines[at] ?? '').slice(0, 80))}; ${rule}`);
}
