/**
 * Submodules that a work tree removes or takes back: the link of a submodule of the base stands as long as the `.gitmodules` on disk lists
 * it. Nothing else tells: no submodule has files in a work tree, and a command may remove an empty folder without meaning it.
 */
import { readdirSync } from 'node:fs';
import { GITMODULES, listedModules, modulesOnDisk } from '../repository/gitmodules.ts';
import { type Entries, type Entry, GITLINK, placeOf } from './names.ts';
import { looker } from './on-disk.ts';
import type { Base, Standing } from './standing.ts';

export interface LinkChanges {
  readonly gone: readonly string[];
  readonly back: ReadonlyMap<string, Entry>;
}

const NONE: LinkChanges = { gone: [], back: new Map() };

/** Of the links that `.gitmodules` of the base lists. */
export async function linkChanges({ folder, place }: Standing, at: Entries, base: Base): Promise<LinkChanges> {
  const links = [...base.entries].filter(([, { mode }]) => mode === GITLINK);
  const file = base.entries.get(GITMODULES);
  if (links.length === 0 || file === undefined) return NONE;
  const before = await listedModules({ blob: file.oid }, { ...place, encoding: 'latin1' });
  const now = await modulesOnDisk(folder, 'latin1');
  if (before === undefined || now === undefined) return NONE;
  const isEmpty = emptyPlaces(folder);
  const free = links.filter(([path]) => before.has(path) && isEmpty(path));
  return {
    gone: free.filter(([path]) => !now.has(path) && at.get(path)?.mode === GITLINK).map(([path]) => path),
    back: new Map(free.filter(([path]) => now.has(path) && !at.has(path))),
  };
}

/** Is there nothing but an empty folder, if at all? */
function emptyPlaces(folder: string): (path: string) => boolean {
  const look = looker(folder);
  return (path) => {
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count += 1) {
      const stat = look(parts.slice(0, count).join('/'));
      if (stat === undefined) return true;
      if (!stat.isDirectory()) return false;
    }
    return readdirSync(placeOf(folder, path)).length === 0;
  };
}
