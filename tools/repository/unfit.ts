/** What of a repository a run could not live with: found before any money is spent, each with the rule and what to do. */
import { StopError } from '../../domain/errors.ts';
import { runGit } from '../git.ts';
import { missingObjects } from './missing-objects.ts';
import { lineOf, type Part, type RepositoryPlace, theirs, wordsOf } from './place.ts';

/** Objects that are told. */
const MAX_TOLD = 3;

export function fitness(place: RepositoryPlace): Part<'unfit' | 'bringObjects'> {
  return {
    unfit: async (base) => {
      const problems = await Promise.all([badRefs(place, base), missing(place, base)]);
      return problems.flat().map((problem) => `repository ${place.path}: ${problem}`);
    },
    bringObjects: async (commit) => {
      const [problem] = await missing(place, commit);
      if (problem !== undefined) throw new StopError('DEPLOY_FAILED', `repository ${place.path}: ${problem}`);
    },
  };
}

/** Names that git cannot keep beside ours, and objects that stand for others: with one listing. */
async function badRefs(place: RepositoryPlace, base: string): Promise<string[]> {
  // A pattern with a bracket matches the name itself and nothing below it.
  const patterns = ['refs/heads/governo[r]', 'refs/governo[r]', 'refs/replace'];
  const names = (await theirs(place, ['for-each-ref', '--format=%(refname)', ...patterns])).stdout.toString('utf8').split('\n');
  const replaced = names.flatMap((name) => /^refs\/replace\/([0-9a-f]+)$/.exec(name)?.[1] ?? []);
  return [
    ...(names.includes('refs/heads/governor')
      ? [
          `has a branch "governor", and git cannot keep candidates beside it as branches governor/<thread>; rename it: git -C ${place.path} branch -m governor <name>`,
        ]
      : []),
    ...(names.includes('refs/governor')
      ? [
          `has a ref "refs/governor", and git cannot keep what runs pin beside it under refs/governor/; remove it: git -C ${place.path} update-ref -d refs/governor`,
        ]
      : []),
    ...(replaced.length === 0 ? [] : await replacedIn(place, base, replaced)),
  ];
}

/** A run works on what the base is made of, and git would show a person something else under the same name. */
async function replacedIn(place: RepositoryPlace, base: string, replaced: readonly string[]): Promise<string[]> {
  const git = place.clean;
  const root = lineOf(await runGit(['rev-parse', `${base}^{tree}`], git));
  const rows = wordsOf(await runGit(['ls-tree', '-r', '-t', '-z', '--full-tree', '--format=%(objectname)', base], git));
  const used = new Set([base, root, ...rows]);
  const found = replaced.filter((id) => used.has(id));
  if (found.length === 0) return [];
  return [
    `refs/replace puts others in the place of ${found.length} object(s) of base ${base.slice(0, 12)}, such as ${found[0]}, and a run works on the true ones; commit what you want to work on, or remove it: git -C ${place.path} replace -d ${found[0]}`,
  ];
}

async function missing(place: RepositoryPlace, base: string): Promise<string[]> {
  const found = await missingObjects(place, base);
  if (found === undefined) return [];
  const { ids, damaged, remote, said } = found;
  if (damaged !== undefined) return [`objects of commit ${base.slice(0, 12)} are damaged (${damaged}); see git -C ${place.path} fsck`];
  const which = `${ids.length} object(s) of commit ${base.slice(0, 12)} are not here, such as ${ids.slice(0, MAX_TOLD).join(', ')}`;
  if (remote === undefined) return [`${which}; see git -C ${place.path} fsck, or fetch them again`];
  return [
    `is a partial clone: ${which}, and ${remote} did not give them (${said}); fetch them by yourself: git -C ${place.path} fetch --refetch --no-filter ${remote}`,
  ];
}
