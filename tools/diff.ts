/** Reads git's raw differences: NUL-separated, so that no name can be mistaken for anything else. */
import type { Change } from '../domain/handoff.ts';

const STATUS: Readonly<Record<string, Change['status']>> = { A: 'added', M: 'modified', D: 'deleted', R: 'renamed', T: 'type-changed' };
const GITLINK = '160000';

/** `digest` gives the SHA-256 of a blob; it is asked for all of them at once. Sorted by path. */
export async function parseChanges(raw: Buffer, digest: (oid: string) => Promise<string>): Promise<Change[]> {
  const words = raw.toString('utf8').split('\0');
  const changes: Promise<Change>[] = [];
  for (let index = 0; index < words.length; ) {
    const header = /^:(\d{6}) (\d{6}) [0-9a-f]+ ([0-9a-f]+) ([A-Z])\d*$/.exec(words[index] ?? '');
    if (header === null) {
      index += 1;
      continue;
    }
    const [, oldMode = '', mode = '', oid = '', letter = ''] = header;
    const renamed = letter === 'R' || letter === 'C';
    const first = words[index + 1] ?? '';
    const path = renamed ? (words[index + 2] ?? '') : first;
    index += renamed ? 3 : 2;
    const gone = letter === 'D';
    const known = gone ? '' : mode === GITLINK ? oid : undefined;
    const change = {
      path,
      ...(renamed ? { from: first } : {}),
      status: STATUS[letter] ?? 'modified',
      mode: gone ? '000000' : mode,
      old_mode: oldMode,
    };
    changes.push((async () => ({ ...change, sha256: known ?? (await digest(oid)) }))());
  }
  return (await Promise.all(changes)).toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
