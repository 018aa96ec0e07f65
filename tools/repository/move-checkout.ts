/** Moves the files of a person's own checkout when its branch was released: as `git merge --ff-only` does, and never half. */
import { failpoint } from '../../domain/failpoint.ts';
import { GitError } from '../git.ts';
import { isHalfMoved } from './half-moved.ts';
import { dirty, indexIs, type Move, movesOf, obstacles, untracked } from './in-the-way.ts';
import { type UserGit, userGit } from './user-git.ts';

/**
 * Looks before the branch moves; what comes back moves the files after it, and looks once more at what may have come meanwhile.
 * @throws StopError `TARGET_DIRTY` naming what is in the way, and changes nothing; both.
 */
export async function prepareMove(move: Move): Promise<() => Promise<void>> {
  const git = await userGit(move.folder, move.gitDir);
  const moves = await movesOf(git, move);
  const found = await obstacles(git, move, moves);
  if (found.length > 0) throw dirty(git, found);
  // git's own word on what would be lost.
  await readTree(git, move, ['--dry-run']);
  return async () => {
    const came = untracked(git, moves);
    if (came.length > 0) throw dirty(git, came);
    failpoint('checkout:before');
    await readTree(git, move, []);
    failpoint('checkout:after');
  };
}

/**
 * For a move that another process may have begun or done; idempotent.
 * @throws StopError `TARGET_DIRTY` and changes nothing.
 */
export async function finishMove(move: Move): Promise<void> {
  const git = await userGit(move.folder, move.gitDir);
  // git writes the index last: with it the files are there, and what differs now a person changed since.
  if (await indexIs(git, move.to)) return;
  if (await isHalfMoved(git, move)) await git.run(['read-tree', '--reset', '-u', move.to], LOCKING);
  else await (await prepareMove(move))();
}

const LOCKING = { env: { GIT_OPTIONAL_LOCKS: '1' } };

async function readTree(git: UserGit, { from, to }: Move, more: readonly string[]): Promise<void> {
  try {
    await git.run(['read-tree', '-m', '-u', ...more, from, to], LOCKING);
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== 128) throw error;
    throw dirty(git, [error.message.replace(/^git read-tree: /, '')]);
  }
}
