/** What a person should know of the rules of a run: patterns that name nothing, and lines of CODEOWNERS that were read otherwise. */
import type { Config } from '../domain/config.ts';
import type { Repository } from '../domain/workspace.ts';
import { type DeadPattern, deadPatternLine, deadPatterns } from './dead-patterns.ts';
import { redLinesOf } from './red-lines.ts';

/** Most lines of each kind. */
const TOLD = 10;

/** By the base commit. `place`: the file and line of a pattern, default the file alone. */
export async function policyWarnings(
  config: Config,
  repository: Repository,
  base: string,
  place: (at: DeadPattern['at']) => string = () => 'governor.yaml',
): Promise<string[]> {
  const files = (await repository.listTree(base)).map(({ path }) => path);
  const dead = deadPatterns(config, files).map((one) => deadPatternLine(one, place));
  const { codeOwners } = await redLinesOf(config, repository, base);
  return [
    ...capped(dead, 'patterns that name no file'),
    ...capped(
      (codeOwners?.notes ?? []).map((note) => `${codeOwners?.path}: ${note}`),
      'lines of CODEOWNERS',
    ),
  ];
}

function capped(lines: readonly string[], what: string): readonly string[] {
  return lines.length <= TOLD ? lines : [...lines.slice(0, TOLD), `and ${lines.length - TOLD} more ${what}`];
}
