/** Trees by plain git, to hold what the tools make against: no filter, no attribute, no index of ours. */
import { execFileSync } from 'node:child_process';
import type { TestRepo } from '../repo.ts';

/** `mode oid path` of all files, as git lists them. */
export const listed = (repo: TestRepo, tree: string): string[] =>
  repo
    .git('ls-tree', '-r', '-z', tree)
    .split('\0')
    .filter(Boolean)
    .map((row) => row.replace(/^(\d+) \w+ (\w+)\t/, '$1 $2 '));

export const blobOf = (repo: TestRepo, content: string | Buffer): string =>
  execFileSync('git', ['hash-object', '-w', '--no-filters', '--stdin'], { cwd: repo.folder, input: content, encoding: 'utf8' }).trim();

/** Mode, name and id of each entry as the tree object has them: `git ls-tree` shows modes as they are written today. */
export function rawTree(repo: TestRepo, tree: string): string[][] {
  const content = execFileSync('git', ['cat-file', 'tree', tree], { cwd: repo.folder }).toString('latin1');
  return [...content.matchAll(/(\d+) ([^\0]+)\0([\s\S]{20})/g)].map(([, mode = '', name = '', id = '']) => [
    mode,
    name,
    Buffer.from(id, 'latin1').toString('hex'),
  ]);
}

/** A commit of exactly these rows of `mktree`, at the top. */
export function commitOf(repo: TestRepo, rows: readonly string[]): string {
  const input = rows.map((row) => `${row}\0`).join('');
  const tree = execFileSync('git', ['mktree', '-z', '--missing'], { cwd: repo.folder, input, encoding: 'utf8' }).trim();
  return repo.git('commit-tree', tree, '-m', 'base');
}
