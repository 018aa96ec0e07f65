/** A work tree without git data: the files of a tree in a folder, their index beside it, out of the sandbox's reach. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import type { WorkTree } from '../domain/workspace.ts';
import { runGit } from './git.ts';
import { removeAll, walk } from './walk.ts';

/** The clean git dir and the repository's objects. */
export interface GitPlace {
  readonly gitDir: string;
  readonly objects: string;
}

/** Each process has its own index: one that was killed may have left a lock, or a git that still writes. */
const indexOf = (folder: string): string => `${folder}.${process.pid}.index`;

/** Makes an empty folder a work tree of `tree`. */
export async function checkoutTree(place: GitPlace, tree: string, folder: string): Promise<WorkTree> {
  removeAll(folder);
  rmSync(indexOf(folder), { force: true });
  mkdirSync(folder, { recursive: true });
  const workTree = openWorkTree(place, folder);
  const git = { ...place, workTree: folder, indexFile: indexOf(folder) };
  await runGit(['read-tree', '--reset', tree], git);
  await runGit(['checkout-index', '-a', '-f', '-q'], git);
  return workTree;
}

export function openWorkTree(place: GitPlace, folder: string): WorkTree {
  const git = { ...place, workTree: folder, indexFile: indexOf(folder) };
  let known: string | undefined;
  const snapshot = async (): Promise<string> => {
    tidy(folder);
    await runGit(['add', '-A', '--', '.'], git);
    known = (await runGit(['write-tree'], git)).stdout.toString().trim();
    return known;
  };
  return {
    folder,
    snapshot,
    current: async () => known ?? snapshot(),
    touched: () => {
      known = undefined;
    },
    restore: async (tree) => {
      known = undefined;
      tidy(folder);
      await runGit(['read-tree', '--reset', tree], git);
      await clearWay(git, folder);
      await runGit(['checkout-index', '-a', '-f', '-q'], git);
      // Only now: what is ignored is said by the tree's own .gitignore, not by one that a command wrote.
      for (const path of await untracked(git)) removeAll(path);
      known = tree;
    },
    remove: async () => {
      removeAll(folder);
      rmSync(indexOf(folder), { force: true });
    },
  };
}

/** Paths as bytes: a name that is not UTF-8 must be found again. */
async function untracked(git: GitPlace & { workTree: string; indexFile: string }): Promise<Buffer[]> {
  const found = await runGit(['ls-files', '-z', '--others', '--exclude-standard', '--directory', '--no-empty-directory'], git);
  return found.stdout
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => Buffer.concat([Buffer.from(`${git.workTree}/`), Buffer.from(name.replace(/\/$/, ''), 'latin1')]));
}

/** A file or link where the tree has a folder is removed first; only then is a folder where it has a file, never through a link. */
async function clearWay(git: GitPlace & { workTree: string; indexFile: string }, folder: string): Promise<void> {
  const changed = (await runGit(['diff-files', '--name-only', '-z'], git)).stdout.toString('latin1').split('\0');
  for (const path of changed.filter((name) => name !== '')) {
    let at = Buffer.from(folder);
    const parts = path.split('/');
    for (const [index, part] of parts.entries()) {
      at = Buffer.concat([at, Buffer.from(`/${part}`, 'latin1')]);
      const stat = lstatSync(at, { throwIfNoEntry: false });
      if (stat === undefined) break;
      const last = index === parts.length - 1;
      if (last ? stat.isFile() : stat.isDirectory()) continue;
      removeAll(at);
      break;
    }
  }
}

/** Names that git reads as its own data on some system, and therefore in no tree. */
const GIT_DATA = /(?:^|\\)(?:\.git|git~1)[ .]*(?::|\\|$)/i;
/** Git accepts these as files alone. */
const NO_LINK = /^(?:\.gitmodules|gitmod~|gi7eba~)/i;

/**
 * Removes what no tree can hold: planted git data (it would make a sub-repository of a folder, and a later git would run that
 * one's configuration), pipes and sockets, paths beyond the system's length. Opens what a command closed to its own uid.
 */
function tidy(folder: string): void {
  const root = process.getuid?.() === 0;
  for (const { path, entry, tooDeep } of walk(folder, { unlock: true })) {
    const name = entry.name.toString('latin1');
    const known = entry.isDirectory() || entry.isFile() || entry.isSymbolicLink();
    if (tooDeep || !known || GIT_DATA.test(name) || (entry.isSymbolicLink() && NO_LINK.test(name))) removeAll(path, folder);
    else if (!root && entry.isFile()) {
      const { mode } = lstatSync(path);
      if ((mode & 0o400) === 0) chmodSync(path, mode | 0o600);
    }
  }
}
