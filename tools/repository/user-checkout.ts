/** What a person has checked out: commits by name, the branch, and what is not committed. */
import { existsSync, realpathSync } from 'node:fs';
import { UsageError } from '../../domain/errors.ts';
import { checkoutClean, moveCheckout } from '../checkout.ts';
import { runGit } from '../git.ts';
import { lineOf, type Part, type RepositoryPlace, theirs, wordsOf } from './place.ts';

/** Dirty paths that are told. */
const MAX_DIRTY = 20;

export function userCheckout(
  place: RepositoryPlace,
): Part<'resolveCommit' | 'currentBranch' | 'dirtyPaths' | 'checkoutOf' | 'checkoutClean' | 'moveCheckout'> {
  const { path, bare } = place;
  return {
    resolveCommit: async (ref) => {
      const asked = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
      const found = ref.startsWith('-') ? '' : lineOf(await runGit(asked, { cwd: path, okCodes: [1, 128] }));
      if (/^[0-9a-f]{40}$/.test(found)) return found;
      if (ref === 'HEAD') throw new UsageError(`repository ${path}: has no commit yet; make one first`);
      throw new UsageError(`ref ${JSON.stringify(ref)}: names no commit in ${path}`);
    },
    currentBranch: async () =>
      bare ? null : lineOf(await runGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: path, okCodes: [1] })) || null,
    dirtyPaths: async () => {
      if (bare) return [];
      const words = wordsOf(await runGit(['status', '--porcelain=v1', '-z', '--no-renames'], { cwd: path }));
      return words
        .filter((word) => word.length > 3)
        .slice(0, MAX_DIRTY)
        .map((word) => word.slice(3));
    },
    checkoutOf: async (branch) => {
      let folder: string | undefined;
      for (const word of wordsOf(await theirs(place, ['worktree', 'list', '--porcelain', '-z']))) {
        if (word.startsWith('worktree ')) folder = word.slice('worktree '.length);
        if (word === `branch refs/heads/${branch}` && folder !== undefined && existsSync(folder)) return realpathSync(folder);
      }
      return undefined;
    },
    checkoutClean,
    moveCheckout,
  };
}
