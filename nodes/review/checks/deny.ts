/** Denied paths, and what no policy can allow: links out of the tree and sub-repositories. */
import { posix } from 'node:path';
import { canonicalPath } from '../../../domain/access.ts';
import { toError } from '../../../domain/errors.ts';
import { matcher } from '../../../tools/globs.ts';
import { finding, type ReviewCheck, touched } from './check.ts';

export const deny: ReviewCheck = {
  id: 'deny',
  run: async ({ changes, config, repository, candidate }) => {
    const findings = config.deny.flatMap((rule) => {
      const matches = matcher(rule.paths, { caseInsensitive: true });
      return touched(changes)
        .filter(matches)
        .map((path) => finding('deny', 'PATH_DENIED', `rule "${rule.id}" denies ${path}: ${rule.reason}`, { path }));
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
      if (change.mode !== '120000') continue;
      const target = (await repository.readFile(candidate.tree, change.path))?.toString('utf8') ?? '';
      const resolved = posix.normalize(posix.join(posix.dirname(change.path), target));
      if (target.startsWith('/') || resolved.startsWith('..') || resolved.split('/').includes('.git'))
        findings.push(finding('deny', 'PATH_DENIED', `${change.path} links out of the tree, to ${target}`, { path: change.path }));
    }
    return { results: [], findings, redLines: [] };
  },
};
