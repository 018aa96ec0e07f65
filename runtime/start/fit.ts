/** Whether a run can be in a repository at all: asked before any money is spent, and by `governor doctor`. */
import type { Config } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import type { Repository } from '../../domain/workspace.ts';
import { type LinkFindings, lookAtLinks } from '../../tools/linked.ts';

export const linkFindings = (repository: Repository, { workspace, checks, release }: Config): LinkFindings =>
  lookAtLinks({
    path: repository.path,
    link: workspace.link,
    hasSetup: workspace.setup.length > 0,
    commands: [...checks.map(({ run }) => run), ...(release.verify === undefined ? [] : [release.verify])],
  });

/** Before anything of a commit is read. @throws UsageError naming everything that is in the way. */
export async function assertFit(repository: Repository, base: string): Promise<void> {
  const problems = await repository.unfit(base);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
}

/** @returns warnings. @throws UsageError */
export function assertLinks(repository: Repository, config: Config): readonly string[] {
  const { problems, warnings } = linkFindings(repository, config);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return warnings;
}
