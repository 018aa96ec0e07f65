/** The mounts of a work tree without those of submodules that its own `.gitmodules` no longer lists: the candidate does not have them. */
import type { Mount } from '../domain/workspace.ts';
import { isBelow } from './mounts.ts';
import { modulesOnDisk } from './repository/gitmodules.ts';

export async function standingLinks(folder: string, links: readonly Mount[]): Promise<readonly Mount[]> {
  const submodules = links.filter(({ submodule }) => submodule === true);
  if (submodules.length === 0) return links;
  const listed = await modulesOnDisk(folder, 'utf8');
  // A submodule of a submodule stands with the outermost, which alone is listed here.
  const outermost = submodules.filter(({ at }) => !submodules.some((other) => isBelow(at, other.at)));
  const gone = listed === undefined ? [] : outermost.filter(({ at }) => !listed.has(at));
  return links.filter(({ at, submodule }) => submodule !== true || !gone.some((one) => at === one.at || isBelow(at, one.at)));
}
