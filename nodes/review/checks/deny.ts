/** Denied paths, and what no policy can allow: links out of the tree and sub-repositories. */
import { canonicalPath } from '../../../domain/access.ts';
import { toError } from '../../../domain/errors.ts';
import { ruleFolderMatcher, ruleMatcher } from '../../../tools/globs.ts';
import { finding, type ReviewCheck, touched } from './check.ts';
import { linksOut } from './links.ts';

const LINK_MODE = '120000';

export const deny: ReviewCheck = {
  id: 'deny',
  run: async ({ changes, config, repository, base, candidate }) => {
    const linked = touched(changes.filter(({ mode, old_mode }) => [mode, old_mode].includes(LINK_MODE)));
    const findings = config.deny.flatMap(({ id, paths, reason }) => {
      const matches = ruleMatcher(paths, config.patterns);
      const isAbove = ruleFolderMatcher(paths);
      const denied = touched(changes).filter(matches);
      const above = linked.filter((path) => isAbove(path) && !matches(path));
      return [
        ...denied.map((path) => finding('deny', 'PATH_DENIED', `rule "${id}" denies ${path}: ${reason}`, { path })),
        ...above.map((path) =>
          finding('deny', 'PATH_DENIED', `rule "${id}" denies what the link ${path} would bring to its places: ${reason}`, { path }),
        ),
      ];
    });
    for (const change of changes) {
      if (change.status === 'deleted') continue;
      try {
        canonicalPath(change.path);
      } catch (error) {
        findings.push(finding('deny', 'PATH_DENIED', toError(error).message, { path: change.path }));
      }
      if (change.mode === '160000')
        findings.push(finding('deny', 'PATH_DENIED', `${change.path} is a sub-repository`, { path: change.path }));
    }
    if (changes.some((change) => change.mode === LINK_MODE || change.old_mode === LINK_MODE)) {
      // A link that led out before and still reads the same is not this change's fault.
      const before = await linksOut(repository, base.tree);
      for (const [path, target] of await linksOut(repository, candidate.tree))
        if (before.get(path) !== target)
          findings.push(finding('deny', 'PATH_DENIED', `${path} links out of the tree, to ${target}`, { path }));
    }
    return { results: [], findings, redLines: [] };
  },
};
