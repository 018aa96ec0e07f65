/** Scope: only planned paths, and not more than the configured size. */
import { pathsOutside } from '../../planned-paths.ts';
import { finding, type ReviewCheck } from './check.ts';

export const scope: ReviewCheck = {
  id: 'scope',
  run: async ({ changes, plan, config, repository, base, candidate }) => {
    const findings = pathsOutside(plan, changes).map((path) => finding('scope', 'OUT_OF_SCOPE', `no plan item allows ${path}`, { path }));
    const { maxFiles, maxLines } = config.scope;
    if (changes.length > maxFiles)
      findings.push(finding('scope', 'OUT_OF_SCOPE', `${changes.length} files are changed; scope.maxFiles is ${maxFiles}`));
    const lines = await repository.countLines(base.tree, candidate.tree);
    if (lines > maxLines) findings.push(finding('scope', 'OUT_OF_SCOPE', `${lines} lines are changed; scope.maxLines is ${maxLines}`));
    return { results: [], findings, redLines: [] };
  },
};
