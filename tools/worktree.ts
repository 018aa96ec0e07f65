/** A work tree without git data: the files of a tree in a folder, their index beside it, out of the sandbox's reach. */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkTree } from '../domain/workspace.ts';
import { runGit } from './git.ts';

/** The clean git dir and the repository's objects. */
export interface GitPlace {
  readonly gitDir: string;
  readonly objects: string;
}

/** Each process has its own index: one that was killed may have left a lock, or a git that still writes. */
const indexOf = (folder: string): string => `${folder}.${process.pid}.index`;
/** What a dying command still writes must not fail the removal. */
const RECURSIVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

/** Makes an empty folder a work tree of `tree`. */
export async function checkoutTree(place: GitPlace, tree: string, folder: string): Promise<WorkTree> {
  rmSync(folder, RECURSIVE);
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
  return {
    folder,
    snapshot: async () => {
      removeGitData(folder);
      await runGit(['add', '-A', '--', '.'], git);
      return (await runGit(['write-tree'], git)).stdout.toString().trim();
    },
    restore: async (tree) => {
      removeGitData(folder);
      await runGit(['read-tree', '--reset', tree], git);
      const extra = (await runGit(['ls-files', '-z', '--others', '--exclude-standard', '--directory', '--no-empty-directory'], git)).stdout
        .toString('utf8')
        .split('\0');
      for (const path of extra.filter((name) => name !== '')) rmSync(join(folder, path), { recursive: true, force: true });
      await clearWay(git, folder);
      await runGit(['checkout-index', '-a', '-f', '-q'], git);
    },
    remove: async () => {
      rmSync(folder, RECURSIVE);
      rmSync(indexOf(folder), { force: true });
    },
  };
}

/** A folder where the tree has a file, or a link where it has a folder, is removed first. */
async function clearWay(git: GitPlace & { workTree: string; indexFile: string }, folder: string): Promise<void> {
  const changed = (await runGit(['diff-files', '--name-only', '-z'], git)).stdout.toString('utf8').split('\0');
  for (const path of changed.filter((name) => name !== '')) {
    const place = join(folder, path);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile()) rmSync(place, { recursive: true, force: true });
    const parts = path.split('/').slice(0, -1);
    let at = folder;
    for (const part of parts) {
      at = join(at, part);
      const parent = lstatSync(at, { throwIfNoEntry: false });
      if (parent === undefined) break;
      if (parent.isDirectory()) continue;
      rmSync(at, { force: true });
      break;
    }
  }
}

/** Git data that an agent planted would make sub-repositories of folders, or run its configuration: it is removed. */
function removeGitData(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.toLowerCase() === '.git') rmSync(path, { recursive: true, force: true });
    else if (entry.isDirectory() && entry.name !== 'node_modules') removeGitData(path);
  }
}
