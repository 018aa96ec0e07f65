/** Scope: only planned paths, and not more than the configured size. */
import { matcher } from '../../../tools/globs.ts';
import { finding, type ReviewCheck, touched } from './check.ts';

export const scope: ReviewCheck = {
  id: 'scope',
  run: async ({ changes, plan, config, repository, base, candidate }) => {
    const anywhere = plan.items.some((item) => item.paths.length === 0);
    const planned = matcher(plan.items.flatMap((item) => item.paths));
    const outside = anywhere ? [] : touched(changes).filter((path) => !planned(path));
    const findings = outside.map((path) => finding('scope', 'OUT_OF_SCOPE', `no plan item allows ${path}`, { path }));
    const { maxFiles, maxLines } = config.scope;
    if (changes.length > maxFiles)
      findings.push(finding('scope', 'OUT_OF_SCOPE', `${changes.length} files are changed; scope.maxFiles is ${maxFiles}`));
    const lines = await repository.countLines(base.tree, candidate.tree);
    if (lines > maxLines) findings.push(finding('scope', 'OUT_OF_SCOPE', `${lines} lines are changed; scope.maxLines is ${maxLines}`));
    return { results: [], findings, redLines: [] };
  },
};
