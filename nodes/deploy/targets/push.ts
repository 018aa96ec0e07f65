/** A branch on a remote, atomically, only from the expected base. */
import type { DeployTarget } from './target.ts';

export const push: DeployTarget = {
  tip: ({ repository, remote, branch }) => repository.remoteTip(remote, branch),
  applied: async ({ repository, remote, branch }, commit) => {
    const tip = await repository.remoteTip(remote, branch);
    return tip === commit || (tip !== undefined && (await repository.isAncestor(commit, tip)));
  },
  apply: async (request, commit) => {
    const { repository, remote, branch, before } = request;
    if ((await repository.push(remote, commit, branch, before)) === 'pushed') return 'applied';
    // Others may have gone on from a release whose record was lost.
    return (await push.applied(request, commit)) ? 'applied' : 'moved';
  },
};
