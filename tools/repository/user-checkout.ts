/** What a person has checked out: commits by name, the branch, and what is not committed. */
import { UsageError } from '../../domain/errors.ts';
import { runGit } from '../git.ts';
import type { ObjectReader } from '../object-reader.ts';
import { isId } from './answers.ts';
import { checkoutsOf } from './checkouts.ts';
import type { Move } from './in-the-way.ts';
import { finishMove, prepareMove } from './move-checkout.ts';
import { lineOf, type Part, type RepositoryPlace, wordsOf } from './place.ts';
import { gitDirOf, userGit } from './user-git.ts';

/** Dirty paths that are told. */
const MAX_DIRTY = 20;

export function userCheckout(
  place: RepositoryPlace,
  objects: ObjectReader,
): Part<'resolveCommit' | 'currentBranch' | 'dirtyPaths' | 'checkoutsOf' | 'prepareMove' | 'finishMove'> {
  const { path, bare } = place;
  const at = { gitDir: place.gitDir };
  const move = (folder: string, from: string, to: string): Move => ({
    folder,
    gitDir: gitDirOf(folder, place.common),
    from,
    to,
    scratch: place.clean.gitDir,
  });
  return {
    resolveCommit: async (ref) => {
      // A whole id is no name of a branch, so the git that reads objects knows it; what that one cannot read is told below.
      const commit = isId(ref) ? await objects.find(`${ref}^{commit}`).catch(() => undefined) : undefined;
      if (commit !== undefined) return commit.oid;
      const asked = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
      const found = ref.startsWith('-') ? '' : lineOf(await runGit(asked, { ...at, okCodes: [1, 128] }));
      if (isId(found)) return found;
      if (ref === 'HEAD') throw new UsageError(`repository ${path}: has no commit yet; make one first`);
      throw new UsageError(`ref ${JSON.stringify(ref)}: names no commit in ${path}`);
    },
    currentBranch: async () =>
      bare ? null : lineOf(await runGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], { ...at, okCodes: [1] })) || null,
    dirtyPaths: async () => {
      if (bare) return [];
      const git = await userGit(path, place.gitDir);
      const words = wordsOf(await git.run(['status', '--porcelain=v1', '-z', '--no-renames', '--ignore-submodules=all']));
      return words
        .filter((word) => word.length > 3)
        .slice(0, MAX_DIRTY)
        .map((word) => word.slice(3));
    },
    checkoutsOf: (branch) => checkoutsOf(place, branch),
    prepareMove: (folder, from, to) => prepareMove(move(folder, from, to)),
    finishMove: (folder, from, to) => finishMove(move(folder, from, to)),
  };
}
