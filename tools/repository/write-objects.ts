/** Commits with a recorded author and date, and merges of trees without a checkout. */
import type { CommitStamp } from '../../domain/workspace.ts';
import { lineOf, ours, type Part, type RepositoryPlace, wordsOf } from './place.ts';

/** The same on every machine and at every time: a merge's commits are never seen. */
const MERGE_STAMP: CommitStamp = { author: 'Governor <governor@localhost>', atSeconds: 0 };

export function writeObjects(place: RepositoryPlace): Part<'commit' | 'merge'> {
  const commit: Part<'commit'>['commit'] = async ({ tree, parents, message, stamp }) =>
    lineOf(
      await ours(place, ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])], {
        env: stampOf(stamp),
        stdin: message,
      }),
    );
  return {
    commit,
    merge: async (base, left, right) => {
      const treeOf = async (id: string): Promise<string> => lineOf(await ours(place, ['rev-parse', `${id}^{tree}`]));
      const root = await commit({ tree: await treeOf(base), parents: [], message: 'base', stamp: MERGE_STAMP });
      const sides = await Promise.all(
        [left, right].map(async (id, index) =>
          commit({ tree: await treeOf(id), parents: [root], message: `side ${index}`, stamp: MERGE_STAMP }),
        ),
      );
      const result = await ours(place, ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ...sides], { okCodes: [1] });
      const [written = '', ...paths] = wordsOf(result).filter((word) => word !== '');
      return result.code === 0 ? { kind: 'clean', tree: written.trim() } : { kind: 'conflict', paths: [...new Set(paths)] };
    },
  };
}

function stampOf(stamp: CommitStamp): Record<string, string> {
  const [, name = 'Governor', email = 'governor@localhost'] = /^(.+) <(.+)>$/.exec(stamp.author) ?? [];
  const date = `@${stamp.atSeconds} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}
