/** Reads a unified diff. The counts in its ranges are not used: models seldom count well. */
import { ToolFailure } from '../tool.ts';
import { type FileChange, type Hunk, HunkLines } from './patch.ts';

/** The range of a hunk; its first group is the line of the old file. */
export const RANGE = /^@@+ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@/;
const NOWHERE = '/dev/null';

interface FileHead {
  readonly from: string;
  readonly to: string;
}

export function parseUnified(lines: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const unsupported = /^(GIT binary patch|Binary files |old mode |copy from |new file mode (?!100644))/.exec(line)?.[1];
    if (unsupported !== undefined)
      throw new ToolFailure(
        `apply_patch: line ${at + 1} of the patch is ${JSON.stringify(line.slice(0, 80))}; binary parts, modes and copies are made by a command`,
      );
    const renamed = /^rename from (.+)$/.exec(line)?.[1];
    const moveTo = /^rename to (.+)$/.exec(lines[at + 1] ?? '')?.[1];
    if (renamed !== undefined && moveTo !== undefined) {
      const head = headAt(lines, nextFile(lines, at + 2));
      const isSame = head !== undefined && head.from === renamed;
      const body = isSame ? hunksFrom(lines, nextFile(lines, at + 2) + 2) : { hunks: [], end: at + 2 };
      changes.push({ kind: 'update', path: renamed, moveTo, hunks: body.hunks });
      at = body.end;
      continue;
    }
    const head = headAt(lines, at);
    if (head === undefined) {
      at += 1;
      continue;
    }
    const body = hunksFrom(lines, at + 2);
    changes.push(changeOf(head, body.hunks));
    at = body.end;
  }
  return changes;
}

/** Past `index` and the like, to where a file's own lines begin. */
function nextFile(lines: readonly string[], from: number): number {
  let at = from;
  while (/^(index|similarity|dissimilarity) /.test(lines[at] ?? '')) at += 1;
  return at;
}

/** The two lines that name a file, if they stand here. */
function headAt(lines: readonly string[], at: number): FileHead | undefined {
  const from = /^--- (.+)$/.exec(lines[at] ?? '')?.[1];
  const to = /^\+\+\+ (.+)$/.exec(lines[at + 1] ?? '')?.[1];
  if (from === undefined || to === undefined) return undefined;
  const [one, other] = [nameOf(from), nameOf(to)];
  const hasPrefixes = (one === NOWHERE || one.startsWith('a/')) && (other === NOWHERE || other.startsWith('b/'));
  const bare = (name: string): string => (hasPrefixes && name !== NOWHERE ? name.slice(2) : name);
  return { from: bare(one), to: bare(other) };
}

/** Behind a file's two lines come its hunks. Removed `-- one` above added `++ two` looks like them, and is followed by other lines. */
function isNextFile(lines: readonly string[], at: number): boolean {
  const head = headAt(lines, at);
  if (head === undefined) return false;
  const behind = lines.slice(at + 2).find((line) => line.trim() !== '');
  return behind === undefined || /^(?:@@|diff --git |--- )/.test(behind) || head.from === NOWHERE || head.to === NOWHERE;
}

/** Without the time that follows a tab. */
function nameOf(words: string): string {
  if (words.startsWith('"')) throw new ToolFailure(`apply_patch: ${words.slice(0, 80)}: names in quotation marks are not read`);
  return words.split('\t')[0]?.trim() ?? '';
}

function hunksFrom(lines: readonly string[], from: number): { readonly hunks: readonly Hunk[]; readonly end: number } {
  const hunks: HunkLines[] = [];
  let at = from;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('diff --git ') || isNextFile(lines, at)) break;
    const range = RANGE.exec(line);
    if (range !== null) {
      const hunk = new HunkLines();
      hunk.start = Number(range[1]);
      hunks.push(hunk);
    } else if (hunks.length > 0) hunks.at(-1)?.push(line, at + 1);
    else if (line.trim() !== '')
      throw new ToolFailure(
        `apply_patch: line ${at + 1} of the patch is ${JSON.stringify(line.slice(0, 80))}; a hunk begins with "@@ -1,3 +1,4 @@"`,
      );
  }
  return { hunks: hunks.map((hunk) => hunk.done()), end: at };
}

function changeOf({ from, to }: FileHead, hunks: readonly Hunk[]): FileChange {
  if (to === NOWHERE) return { kind: 'delete', path: from };
  if (from !== NOWHERE) return { kind: 'update', path: from, ...(from === to ? {} : { moveTo: to }), hunks };
  const lines = hunks.flatMap((hunk) => hunk.next);
  const isOpen = hunks.at(-1)?.isEnded === false;
  return { kind: 'add', path: to, content: lines.length === 0 ? '' : `${lines.join('\n')}${isOpen ? '' : '\n'}` };
}
