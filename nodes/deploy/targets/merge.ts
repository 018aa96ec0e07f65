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
    if (tip !== commit && tip !== before) return tip !== undefined && (await repository.isAncestor(commit, tip)) ? 'applied' : 'moved';
    const folders = await repository.checkoutsOf(branch);
    const moves: (() => Promise<void>)[] = [];
    if (tip === before) {
      for (const folder of folders) moves.push(await repository.prepareMove(folder, before, commit));
      if (!(await repository.updateRef(`refs/heads/${branch}`, commit, before))) return 'moved';
    } else for (const folder of folders) moves.push(() => repository.finishMove(folder, before, commit));
    let moved = 0;
    try {
      for (; moved < moves.length; moved += 1) await moves[moved]?.();
    } catch (error) {
      // Nothing is half released: branch and files go back, and the person cleans up first.
      if (error instanceof StopError && error.code === 'TARGET_DIRTY') {
        await repository.updateRef(`refs/heads/${branch}`, before, commit);
        for (const folder of folders.slice(0, moved)) await repository.finishMove(folder, commit, before);
      }
      throw error;
    }
    return 'applied';
  },
  undo: (request, undoing) => undoOnBranch(merge, request, undoing),
};
