/** What in a person's checkout a move of its files would harm: each with the file, the rule and what to do. */
import { lstatSync, mkdtempSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { StopError, toError } from '../../domain/errors.ts';
import { fileOf, shown, type UserGit } from './user-git.ts';

/** A kill can leave the last `git` of a dead process at work on the index: how long its lock is waited for, in ms. */
const LOCK_WAIT_MS = 2000;
const LOCK_POLL_MS = 50;
/** Paths that are told of each kind. */
const MAX_TOLD = 10;

/** A move of a checkout from one commit to another. */
export interface Move {
  readonly folder: string;
  readonly gitDir: string;
  readonly from: string;
  readonly to: string;
  /** For an index of our own, out of the checkout. */
  readonly scratch: string;
}

/** Paths that a move adds, changes and removes, in the form of `words`. */
export interface Moves {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
}

export async function movesOf(git: UserGit, { from, to }: Move): Promise<Moves> {
  const words = await git.words(['diff-tree', '-r', '-z', '--name-status', '--no-renames', from, to]);
  const moves = { added: [] as string[], changed: [] as string[], deleted: [] as string[] };
  for (let index = 0; index < words.length; index += 2) {
    const path = words[index + 1] ?? '';
    if (words[index] === 'A') moves.added.push(path);
    else if (words[index] === 'D') moves.deleted.push(path);
    else moves.changed.push(path);
  }
  return moves;
}

export const dirty = ({ folder }: UserGit, found: readonly string[]): StopError =>
  new StopError('TARGET_DIRTY', `${folder}: ${found.join('; ')}`);

export async function indexIs(git: UserGit, commit: string): Promise<boolean> {
  const asked = ['diff-index', '--cached', '--quiet', '--ignore-submodules=none', commit, '--'];
  return (await git.run(asked, { okCodes: [1] })).code === 0;
}

/** Tracked files that differ from the index; a submodule's own state is its own. */
export async function changedFiles(git: UserGit, indexFile?: string): Promise<string[]> {
  const more = indexFile === undefined ? {} : { indexFile };
  // It fails where files differ, and where another git holds the lock.
  await git.run(['update-index', '-q', '--ignore-submodules', '--refresh'], {
    ...more,
    okCodes: [1, 128],
    env: { GIT_OPTIONAL_LOCKS: '1' },
  });
  return git.words(['diff-files', '-z', '--name-only', '--ignore-submodules=all'], more);
}

/** Empty when nothing of a person's is in the way of a move from a checkout of `from`. */
export async function obstacles(git: UserGit, move: Move, moves: Moves): Promise<string[]> {
  await indexUnlocked(git);
  const staged = await git.words(['diff-index', '--cached', '-z', '--name-only', '--ignore-submodules=none', move.from, '--']);
  const changed = (await changedFiles(git)).filter((path) => !staged.includes(path));
  const unread = await withFilter(git, changed);
  return [
    ...told('staged and not committed', staged, 'commit or stash them'),
    ...told(
      'uncommitted changes in',
      changed.filter((path) => !unread.includes(path)),
      'commit or stash them',
    ),
    ...told('files that only a filter of your git configuration can compare', unread, 'run git status there, or commit or stash them'),
    ...told(
      'files that git is told not to look at (skip-worktree, assume-unchanged) hold other content than the commit',
      await hidden(git, move, moves),
      'git update-index --no-skip-worktree --no-assume-unchanged <file>, then commit or stash them',
    ),
    ...untracked(git, moves),
    ...(await filtered(git, move, moves)),
  ];
}

/** Asked without a process. */
export function untracked(git: UserGit, moves: Moves): string[] {
  const paths = moves.added.filter((path) => isInTheWay(git, path, moves));
  return told('untracked files are in the way', paths, 'move or remove them, also where git ignores them');
}

function told(what: string, paths: readonly string[], mend: string): string[] {
  if (paths.length === 0) return [];
  const rest = paths.length > MAX_TOLD ? ` and ${paths.length - MAX_TOLD} more` : '';
  return [`${what}: ${paths.slice(0, MAX_TOLD).map(shown).join(', ')}${rest} (${mend})`];
}

/** Files of the move that `git status` does not show. Where nothing is there, as in a sparse checkout, nothing can be lost. */
async function hidden(git: UserGit, move: Move, { changed, deleted }: Moves): Promise<string[]> {
  const moved = new Set([...changed, ...deleted]);
  if (moved.size === 0) return [];
  const paths = (await hiddenPaths(git)).filter((path) => moved.has(path) && isThere(git, path));
  if (paths.length === 0) return [];
  const differ = new Set(await withIndexOf(git, move, move.from, (indexFile) => changedFiles(git, indexFile)));
  return paths.filter((path) => differ.has(path));
}

/** Lower case: assume-unchanged; S: skip-worktree. */
export async function hiddenPaths(git: UserGit): Promise<string[]> {
  return (await git.words(['ls-files', '-v', '-z'])).filter((row) => /^[a-zS] /.test(row)).map((row) => row.slice(2));
}

/** Works with an index of exactly that commit, which hides nothing; it is thrown away. */
export async function withIndexOf<Value>(
  git: UserGit,
  { scratch }: Move,
  commit: string,
  work: (indexFile: string) => Promise<Value>,
): Promise<Value> {
  const folder = mkdtempSync(join(scratch, 'index-'));
  const indexFile = join(folder, 'index');
  try {
    await git.run(['read-tree', commit], { indexFile });
    return await work(indexFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined also where a file stands in the place of its folder. */
function statOf(git: UserGit, path: string): Stats | undefined {
  try {
    return lstatSync(fileOf(git, path), { throwIfNoEntry: false });
  } catch (error) {
    if ((toError(error) as { code?: unknown }).code === 'ENOTDIR') return undefined; // a system error carries a code
    throw error;
  }
}

export const isThere = (git: UserGit, path: string): boolean => statOf(git, path) !== undefined;

/** Is there something of a person's where a new file is to be? Also what git ignores: it is nowhere else. */
function isInTheWay(git: UserGit, path: string, { changed, deleted }: Moves): boolean {
  const isOurs = (name: string): boolean => deleted.includes(name) || changed.includes(name);
  const parts = path.split('/');
  for (const [index] of parts.entries()) {
    const at = parts.slice(0, index + 1).join('/');
    const stat = statOf(git, at);
    if (stat === undefined) return false;
    const isLast = index === parts.length - 1;
    if (stat.isDirectory()) {
      if (isLast) return filesBelow(git, at).some((file) => !isOurs(file));
    } else if (!isOurs(at)) return !isOtherCase(git, at, deleted);
    else if (isLast) return false;
  }
  return false;
}

/** A folder of empty folders is no loss. */
function filesBelow(git: UserGit, path: string): string[] {
  return readdirSync(fileOf(git, path), { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
    const name = `${path}/${entry.name.toString('latin1')}`;
    return entry.isDirectory() ? filesBelow(git, name) : [name];
  });
}

/** A rename of case alone on a system that takes both names for the same file. */
function isOtherCase(git: UserGit, path: string, deleted: readonly string[]): boolean {
  const fold = (name: string): string => shown(name).normalize('NFC').toLowerCase();
  const inode = (name: string): number | undefined => statOf(git, name)?.ino;
  return deleted.some((name) => name !== path && fold(name) === fold(path) && inode(name) === inode(path));
}

/** Those of the paths whose content a program of the person's configuration makes or reads; it never runs here. */
async function withFilter(git: UserGit, paths: readonly string[], indexFile?: string): Promise<string[]> {
  if (git.filters.length === 0 || paths.length === 0) return [];
  const stdin = Buffer.from(`${paths.join('\0')}\0`, 'latin1');
  const more = indexFile === undefined ? { stdin } : { stdin, indexFile };
  const words = await git.words(['check-attr', '--cached', '-z', '--stdin', 'filter'], more);
  // Path, attribute, value; each path in turn.
  return paths.filter((_path, index) => git.filters.includes(shown(words[3 * index + 2] ?? '')));
}

async function filtered(git: UserGit, move: Move, { added, changed }: Moves): Promise<string[]> {
  if (git.filters.length === 0) return [];
  const found = await withIndexOf(git, move, move.to, (indexFile) => withFilter(git, [...added, ...changed], indexFile));
  const mend =
    'none runs here: switch this checkout away with git switch --detach, resume, and switch back, so that your own git writes them';
  return told('files that a filter of your git configuration writes', found, mend);
}

/** @throws StopError `TARGET_DIRTY` naming the lock. */
async function indexUnlocked(git: UserGit): Promise<void> {
  const lock = join(git.gitDir, 'index.lock');
  for (let waited = 0; lstatSync(lock, { throwIfNoEntry: false }) !== undefined; waited += LOCK_POLL_MS) {
    if (waited >= LOCK_WAIT_MS) throw dirty(git, [`${lock} exists; another git is at work here, or died: remove the file then`]);
    await new Promise((wake) => setTimeout(wake, LOCK_POLL_MS));
  }
}
