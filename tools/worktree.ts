/** A work tree without git data: the files of a tree in a folder, their index beside it, out of the sandbox's reach. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import type { Repository, WorkTree } from '../domain/workspace.ts';
import { type GitPlace, runGit } from './git.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Listings } from './trees/listings.ts';
import { createCheckedOut } from './trees/on-disk.ts';
import { ownIgnores } from './trees/own-ignores.ts';
import { restoreTree } from './trees/restore.ts';
import { takeSnapshot } from './trees/snapshot.ts';
import { openStanding, type Standing } from './trees/standing.ts';
import type { LeftOut } from './trees/tidy.ts';
import { removeAll } from './walk.ts';

/** @param common the repository's own git dir: asked what its user ignores, and where LFS keeps content. */
export function createWorkTrees(
  place: GitPlace & { readonly common: string },
  read: { readonly objects: ObjectReader; readonly listings: Listings },
): Pick<Repository, 'checkout' | 'open'> {
  const checkedOut = createCheckedOut(place);
  let ignores: Promise<string[]> | undefined;
  const standing = (folder: string, attributes: string | undefined): Standing =>
    openStanding(
      {
        place,
        ...read,
        checkedOut,
        ownIgnores: () => {
          ignores ??= ownIgnores(place.common);
          return ignores;
        },
        lfsFolder: () => lfsFolder(place.common),
      },
      folder,
      attributes,
    );
  return {
    checkout: async (tree, folder, attributes) => {
      removeAll(folder);
      mkdirSync(folder, { recursive: true });
      const at = standing(folder, attributes);
      await restoreTree(at, tree, true);
      return workTreeOf(at, tree);
    },
    open: async (folder, attributes) => {
      if (!existsSync(folder)) throw new UsageError(`work tree ${folder}: there is none`);
      return workTreeOf(standing(folder, attributes), undefined);
    },
  };
}

async function lfsFolder(common: string): Promise<string> {
  const { stdout } = await runGit(['config', '--get', 'lfs.storage'], { gitDir: common, okCodes: [1] });
  const named = stdout.toString('utf8').trim();
  return named === '' ? join(common, 'lfs') : resolve(common, named);
}

function workTreeOf(at: Standing, tree: string | undefined): WorkTree {
  let known = tree;
  let leftOut: readonly LeftOut[] = [];
  let untold: readonly LeftOut[] = [];
  const snapshot = async (): Promise<string> => {
    const taken = await takeSnapshot(at);
    const before = new Set(leftOut.map(({ path }) => path));
    untold = [...untold, ...taken.leftOut.filter(({ path }) => !before.has(path))];
    leftOut = taken.leftOut;
    known = taken.tree;
    return taken.tree;
  };
  return {
    folder: at.folder,
    snapshot,
    current: async () => known ?? snapshot(),
    newlyLeftOut: () => {
      const told = untold;
      untold = [];
      return told;
    },
    touched: () => {
      known = undefined;
    },
    restore: async (wanted) => {
      known = undefined;
      await restoreTree(at, wanted);
      known = wanted;
    },
    remove: async () => {
      removeAll(at.folder);
      rmSync(`${at.beside}.staging`, { recursive: true, force: true });
      at.index.remove();
      (await at.attributes?.catch(() => undefined))?.remove();
    },
  };
}
