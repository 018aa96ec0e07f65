/** A branch on a remote, atomically, only from the expected base. */
import type { ReleaseOf } from '../../../domain/release.ts';
import type { DeployTarget } from './target.ts';
import { undoOnBranch } from './undo-on-branch.ts';

export const push: DeployTarget<ReleaseOf<'push'>> = {
  baseOf: ({ repository, release: { remote, branch } }) => repository.remoteTip(remote, branch),
  isApplied: async ({ repository, release: { remote, branch } }, commit) => {
    const tip = await repository.remoteTip(remote, branch);
    return tip === commit || (tip !== undefined && (await repository.isAncestor(commit, tip)));
  },
  apply: async (request, { before, commit }) => {
    const { remote, branch } = request.release;
    if ((await request.repository.push(remote, commit, branch, before)) === 'pushed') return 'applied';
    // Others may have gone on from a release whose record was lost.
    return (await push.isApplied(request, commit)) ? 'applied' : 'moved';
  },
  undo: (request, undoing) => undoOnBranch(push, request, undoing),
};
