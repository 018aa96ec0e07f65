/** Moves the files of a person's own checkout when its branch was released: as `git merge --ff-only` does, and never half. */
import { failpoint } from '../../domain/failpoint.ts';
import { GitError } from '../git.ts';
import { isHalfMoved } from './half-moved.ts';
import { dirty, indexIs, type Move, movesOf, obstacles } from './in-the-way.ts';
import { type UserGit, userGit } from './user-git.ts';

/** @throws StopError `TARGET_DIRTY` naming what is in the way, and changes nothing. */
export async function assertMovable(move: Move): Promise<void> {
  await tryMove(await userGit(move.folder), move);
}

/** Idempotent: already at `to` is a no-op, a half-done move is finished. @throws StopError `TARGET_DIRTY` and changes nothing. */
export async function moveCheckout(move: Move): Promise<void> {
  const git = await userGit(move.folder);
  // git writes the index last: with it the files are there, and what differs now a person changed since.
  if (await indexIs(git, move.to)) return;
  if (await isHalfMoved(git, move)) {
    await git.run(['read-tree', '--reset', '-u', move.to], LOCKING);
    return;
  }
  await tryMove(git, move);
  failpoint('checkout:before');
  await readTree(git, move, []);
  failpoint('checkout:after');
}

const LOCKING = { env: { GIT_OPTIONAL_LOCKS: '1' } };

async function tryMove(git: UserGit, move: Move): Promise<void> {
  const found = await obstacles(git, move, await movesOf(git, move));
  if (found.length > 0) throw dirty(git, found);
  await readTree(git, move, ['--dry-run']);
}

/** git's own word on what would be lost comes before it writes anything. */
async function readTree(git: UserGit, { from, to }: Move, more: readonly string[]): Promise<void> {
  try {
    await git.run(['read-tree', '-m', '-u', ...more, from, to], LOCKING);
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== 128) throw error;
    throw dirty(git, [error.message.replace(/^git read-tree: /, '')]);
  }
}
