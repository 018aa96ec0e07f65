/** The tree that must be released, by plain git from the base's tree objects and what the agent meant; nothing of ours has a part in it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from './ground.ts';
import type { Changes, Intended } from './odd.ts';

interface Row {
  mode: string;
  oid: string;
}

/** @param objects the repository's object folder: only read; what is made here is kept apart from it. */
export function expectedTree(at: Ground, gitDir: string, objects: string, base: string, changes: Changes): string {
  const scratch = join(at.folder, 'expected');
  mkdirSync(scratch, { recursive: true });
  const env = {
    PATH: process.env['PATH'] ?? '',
    GIT_DIR: gitDir,
    GIT_OBJECT_DIRECTORY: scratch,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const git = (args: readonly string[], input?: string | Buffer): Buffer =>
    execFileSync('git', ['-c', 'safe.bareRepository=all', ...args], {
      env,
      cwd: at.folder,
      ...(input === undefined ? {} : { input }),
      stdio: 'pipe',
      maxBuffer: 64 * 1024 * 1024,
    });
  const line = (args: readonly string[], input?: string | Buffer): string => git(args, input).toString('utf8').trim();
  const read = (tree: string): Map<string, Row> => {
    const content = git(['cat-file', 'tree', tree]);
    const rows = new Map<string, Row>();
    for (let from = 0; from < content.length; ) {
      const [space, end] = [content.indexOf(32, from), content.indexOf(0, from)];
      const next = end + 1 + tree.length / 2;
      rows.set(content.toString('latin1', space + 1, end), {
        mode: content.toString('latin1', from, space),
        oid: content.toString('hex', end + 1, next),
      });
      from = next;
    }
    return rows;
  };
  const write = (rows: Map<string, Row>): string => {
    const kind = (mode: string): string => (mode === '40000' ? 'tree' : mode === '160000' ? 'commit' : 'blob');
    const text = [...rows].map(([name, { mode, oid }]) => `${mode.padStart(6, '0')} ${kind(mode)} ${oid}\t${name}\0`).join('');
    return line(['mktree', '-z', '--missing'], Buffer.from(text, 'latin1'));
  };
  const put = (tree: string | undefined, path: readonly string[], wanted: Intended | null): string | undefined => {
    const rows = tree === undefined ? new Map<string, Row>() : read(tree);
    const [name = '', ...rest] = path;
    const before = rows.get(name);
    if (rest.length > 0) {
      const below = put(before?.mode === '40000' ? before.oid : undefined, rest, wanted);
      if (below === undefined) rows.delete(name);
      else rows.set(name, { mode: '40000', oid: below });
    } else if (wanted === null) rows.delete(name);
    else {
      const oid =
        wanted.content === undefined ? (before?.oid ?? '') : line(['hash-object', '-w', '--no-filters', '--stdin'], wanted.content);
      rows.set(name, { oid, mode: wanted.mode ?? (before === undefined || before.mode === '100664' ? '100644' : before.mode) });
    }
    return rows.size === 0 ? undefined : write(rows);
  };
  let tree: string | undefined = line(['rev-parse', `${base}^{tree}`]);
  for (const [path, wanted] of Object.entries(changes)) {
    const bytes = Buffer.from(path, 'utf8').toString('latin1');
    tree = put(tree, bytes.split('/'), typeof wanted === 'string' ? { content: wanted } : wanted);
  }
  return tree ?? line(['mktree'], '');
}
