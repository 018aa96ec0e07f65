/** The filters that `.gitattributes` of a commit name for its files, and those that a checkout's own git would run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GitError, runGit } from '../git.ts';
import { attributesOf } from '../trees/attributes.ts';
import type { Listings } from '../trees/listings.ts';
import { GITLINK, LINK } from '../trees/names.ts';
import { entriesOf } from '../trees/standing.ts';
import type { Part, RepositoryPlace } from './place.ts';
import { gitDirOf, userGit } from './user-git.ts';

export function filtersOf(place: RepositoryPlace, listings: Listings): Part<'filters' | 'filtersOfCheckout' | 'hasLfs'> {
  return {
    filters: async (commit) => {
      const entries = await entriesOf(listings, commit);
      const files = [...entries].filter(([, { mode }]) => mode !== GITLINK && mode !== LINK).map(([path]) => path);
      const scratch = mkdtempSync(join(place.clean.gitDir, 'attributes-'));
      try {
        const storing = await (await attributesOf(place.clean, entries, join(scratch, 'index'))).of(files);
        const found = new Map<string, string[]>();
        for (const [path, { filter }] of storing)
          if (filter !== undefined) found.set(filter, [...(found.get(filter) ?? []), Buffer.from(path, 'latin1').toString('utf8')]);
        return found;
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
    filtersOfCheckout: async (folder) => (await userGit(folder, gitDirOf(folder, place.common))).filters,
    hasLfs: async () => {
      try {
        await runGit(['lfs', 'version'], {});
        return true;
      } catch (error) {
        if (error instanceof GitError) return false;
        throw error;
      }
    },
  };
}
