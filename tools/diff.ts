/** Reads git's raw differences: NUL-separated, so that no name can be mistaken for anything else. */
import type { Change } from '../domain/handoff.ts';

const STATUS: Readonly<Record<string, Change['status']>> = { A: 'added', M: 'modified', D: 'deleted', R: 'renamed', T: 'type-changed' };
const GITLINK = '160000';

/** One row of `git diff-tree --raw -z`; the id of what is not there is zeros. */
interface RawChange {
  readonly path: string;
  readonly from?: string;
  readonly before: string;
  readonly after: string;
  readonly oldMode: string;
  readonly mode: string;
  readonly letter: string;
}

export function rawChanges(raw: Buffer): RawChange[] {
  const words = raw.toString('utf8').split('\0');
  const changes: RawChange[] = [];
  for (let index = 0; index < words.length; ) {
    const header = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/.exec(words[index] ?? '');
    if (header === null) {
      index += 1;
      continue;
    }
    const [, oldMode = '', mode = '', before = '', after = '', letter = ''] = header;
    const renamed = letter === 'R' || letter === 'C';
    const first = words[index + 1] ?? '';
    const names = renamed ? { path: words[index + 2] ?? '', from: first } : { path: first };
    changes.push({ ...names, before, after, oldMode, mode, letter });
    index += renamed ? 3 : 2;
  }
  return changes;
}

/** `digest` gives the SHA-256 of a blob; it is asked for all of them at once. Sorted by path. */
export async function parseChanges(raw: Buffer, digest: (oid: string) => Promise<string>): Promise<Change[]> {
  const changes = rawChanges(raw).map(async ({ path, from, after, oldMode, mode, letter }): Promise<Change> => {
    const gone = letter === 'D';
    const known = gone ? '' : mode === GITLINK ? after : undefined;
    return {
      path,
      ...(from === undefined ? {} : { from }),
      status: STATUS[letter] ?? 'modified',
      mode: gone ? '000000' : mode,
      old_mode: oldMode,
      sha256: known ?? (await digest(after)),
    };
  });
  return (await Promise.all(changes)).toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
