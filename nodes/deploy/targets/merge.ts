/** The branch in the repository itself. Where it is checked out and clean, its files follow. */
import { StopError } from '../../../domain/errors.ts';
import type { ReleaseOf } from '../../../domain/release.ts';
import type { DeployTarget } from './target.ts';
import { undoOnBranch } from './undo-on-branch.ts';

export const merge: DeployTarget<ReleaseOf<'merge'>> = {
  baseOf: ({ repository, release }) => repository.branchTip(release.branch),
  isApplied: async ({ repository, release }, commit) => {
    const tip = await repository.branchTip(release.branch);
    return tip !== undefined && (tip === commit || (await repository.isAncestor(commit, tip)));
  },
  apply: async ({ repository, release: { branch } }, { before, commit }) => {
    const tip = await repository.branchTip(branch);
    const folder = await repository.checkoutOf(branch);
    if (tip === commit) {
      if (folder !== undefined) await repository.moveCheckout(folder, before, commit);
      return 'applied';
    }
    if (tip !== before) return tip !== undefined && (await repository.isAncestor(commit, tip)) ? 'applied' : 'moved';
    if (folder !== undefined && !(await repository.checkoutClean(folder, before)))
      throw new StopError('TARGET_DIRTY', `${folder}: branch ${branch} is checked out with uncommitted changes; commit or stash them`);
    if (!(await repository.updateRef(`refs/heads/${branch}`, commit, before))) return 'moved';
    try {
      if (folder !== undefined) await repository.moveCheckout(folder, before, commit);
    } catch (error) {
      // Nothing is half released: the branch goes back, and the person cleans up first.
      if (error instanceof StopError && error.code === 'TARGET_DIRTY') await repository.updateRef(`refs/heads/${branch}`, before, commit);
      throw error;
    }
    return 'applied';
  },
  undo: (request, undoing) => undoOnBranch(merge, request, undoing),
};
