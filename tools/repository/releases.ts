/** The releases in a repository's history, by their trailers. */
import { type FoundRelease, TRAILERS } from '../../domain/release-trailers.ts';
import { type Part, type RepositoryPlace, theirs } from './place.ts';

/** The newest commits that are looked at. */
const MAX_COMMITS = 20_000;

const FORMAT = ['%H', ...[TRAILERS.thread, TRAILERS.review, TRAILERS.home].map((key) => `%(trailers:key=${key},valueonly,separator=%x2C)`)];

export function releasesOf(place: RepositoryPlace): Part<'releases'> {
  return {
    releases: async (commit) => {
      const from = commit === undefined ? ['--branches', '--remotes'] : [commit, '--'];
      const asked = [
        'rev-list',
        '--ignore-missing',
        '--no-commit-header',
        `--max-count=${MAX_COMMITS}`,
        `--format=${FORMAT.join('%x09')}`,
        ...from,
      ];
      // Of a history that is damaged further down what can be read counts.
      return (await theirs(place, asked, { okCodes: [128] })).stdout.toString('utf8').split('\n').flatMap(releaseOf);
    },
  };
}

/** A candidate and an undoing name their thread too, but no review. */
function releaseOf(row: string): FoundRelease[] {
  const [commit = '', threadId = '', review = '', home = ''] = row.split('\t');
  return threadId === '' || review === '' ? [] : [{ commit, threadId, home: home === '' ? null : home }];
}
