/** Whether a checkout is on its way from one commit to another because whoever moved it died. */
import { changedFiles, hiddenPaths, indexIs, isThere, type Move, movesOf, withIndexOf } from './in-the-way.ts';
import type { UserGit } from './user-git.ts';

/**
 * Then the index is still `from`'s, for git writes it last, and every file is, as git reads it, what `from` or `to` has there; so nothing
 * of a person's is lost by finishing it. False where no file has moved.
 */
export async function isHalfMoved(git: UserGit, move: Move): Promise<boolean> {
  if (!(await indexIs(git, move.from))) return false;
  const { added, changed, deleted } = await movesOf(git, move);
  const notFrom = new Set(await changedFiles(git));
  const addedFiles = added.filter((path) => isThere(git, path));
  if (notFrom.size === 0 && addedFiles.length === 0) return false;
  const moved = new Set([...changed, ...deleted]);
  if ([...notFrom].some((path) => !moved.has(path))) return false;
  // What git is told not to look at may hold anything.
  for (const path of await hiddenPaths(git)) if (isThere(git, path)) notFrom.add(path);
  const notTo = new Set(await withIndexOf(git, move, move.to, (indexFile) => changedFiles(git, indexFile)));
  const isOfNeither =
    addedFiles.some((path) => notTo.has(path)) ||
    changed.some((path) => notFrom.has(path) && notTo.has(path)) ||
    deleted.some((path) => notFrom.has(path) && isThere(git, path));
  return !isOfNeither;
}
