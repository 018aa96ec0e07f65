/** The refs of the user's repository: read, and moved by compare-and-swap. */
import { failpoint } from '../../domain/failpoint.ts';
import { GitError } from '../git.ts';
import { lineOf, type Part, type RepositoryPlace, theirs } from './place.ts';

/** For `update-ref`: there is to be no such ref. */
const NONE = '';

export function refsOf(place: RepositoryPlace): Part<'branchTip' | 'readRef' | 'updateRef' | 'listRefs'> {
  const readRef = async (ref: string): Promise<string | undefined> =>
    lineOf(await theirs(place, ['rev-parse', '--verify', '--quiet', `${ref}^{}`], { okCodes: [1, 128] })) || undefined;
  return {
    branchTip: (branch) => readRef(`refs/heads/${branch}`),
    readRef,
    updateRef: async (ref, to, from) => {
      try {
        const point = `ref:${ref.split('/')[1] ?? ''}`;
        failpoint(`${point}:before`);
        await theirs(place, to === null ? ['update-ref', '-d', ref, from ?? NONE] : ['update-ref', ref, to, from ?? NONE]);
        failpoint(`${point}:after`);
        return true;
      } catch (error) {
        if (error instanceof GitError && (await readRef(ref)) !== (from ?? undefined)) return false;
        throw error;
      }
    },
    listRefs: async (prefix) => {
      const { stdout } = await theirs(place, ['for-each-ref', '--format=%(refname)', prefix]);
      return stdout
        .toString('utf8')
        .split('\n')
        .filter((name) => name !== '');
    },
  };
}
