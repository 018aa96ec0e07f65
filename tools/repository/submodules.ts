/** Submodules of a tree, out of the repository's own store: as git has them after `git submodule update`, and never asked of a network. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Submodule, TreeEntry } from '../../domain/workspace.ts';
import { runGit } from '../git.ts';
import { cleanPlace } from './clean-place.ts';
import { GITMODULES, listedModules } from './gitmodules.ts';
import { type Part, type RepositoryPlace, wordsOf } from './place.ts';

type GitPlace = RepositoryPlace['clean'];

const GITLINK = '160000';
/** Submodules of submodules. */
const MAX_DEPTH = 5;
const MAX_SUBMODULES = 200;

interface Level {
  readonly place: GitPlace;
  /** Where git keeps the submodules of this repository. */
  readonly store: string;
  readonly tree: string;
  /** Where it stands in the outermost tree, with a slash at its end. */
  readonly at: string;
  readonly depth: number;
}

/** `reads`: of the repository itself, asked without a process. */
export function submodulesOf(place: RepositoryPlace, reads: Part<'readFile'>): Part<'submodules'> {
  return {
    submodules: async (tree, stateFolder) => {
      // Almost no repository has one.
      if ((await reads.readFile(tree, GITMODULES)) === undefined) return [];
      return levelOf({ place: place.clean, store: join(place.common, 'modules'), tree, at: '', depth: 0 }, stateFolder);
    },
  };
}

async function levelOf(level: Level, stateFolder: string): Promise<Submodule[]> {
  const links = await linksOf(level);
  if (links.length === 0) return [];
  const names =
    (await listedModules({ blob: `${level.tree}:${GITMODULES}` }, { ...level.place, encoding: 'utf8' })) ?? new Map<string, string>();
  const found: Submodule[] = [];
  for (const { path, oid } of links.slice(0, MAX_SUBMODULES)) {
    const at = `${level.at}${path}`;
    const gitDir = storeOf(level.store, names.get(path));
    const made = gitDir === undefined ? undefined : await filesOf(gitDir, oid, stateFolder);
    found.push({ at, folder: made?.folder });
    if (made === undefined || gitDir === undefined || level.depth >= MAX_DEPTH) continue;
    const inner = { place: made.place, store: join(gitDir, 'modules'), tree: oid, at: `${at}/`, depth: level.depth + 1 };
    found.push(...(await levelOf(inner, stateFolder)));
  }
  return found;
}

async function linksOf({ place, tree }: Level): Promise<Pick<TreeEntry, 'path' | 'oid'>[]> {
  return wordsOf(await runGit(['ls-tree', '-r', '-z', '--full-tree', tree], place)).flatMap((row) => {
    const match = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(row);
    return match?.[1] === GITLINK ? [{ oid: match[2] ?? '', path: match[3] ?? '' }] : [];
  });
}

/** A name comes from the tree: it leads nowhere out of the store, as git has it (CVE-2018-11235). */
function storeOf(store: string, name: string | undefined): string | undefined {
  if (name === undefined || name.split('/').some((part) => ['', '.', '..'].includes(part))) return undefined;
  const gitDir = join(store, name);
  if (!existsSync(join(gitDir, 'objects'))) return undefined;
  return realpathSync(gitDir) === join(realpathSync(store), name) ? gitDir : undefined;
}

/** The files of a commit, made once for a home. Undefined where the store does not have all of them. */
async function filesOf(gitDir: string, commit: string, stateFolder: string): Promise<{ folder: string; place: GitPlace } | undefined> {
  const place = await cleanPlace(realpathSync(gitDir), stateFolder);
  const key = createHash('sha256').update(`${place.objects}\0${commit}`).digest('hex');
  const folder = join(stateFolder, 'cache', `submodule-${key}`);
  if (existsSync(folder)) return { folder, place };
  const missing = ['rev-list', '--objects', '--missing=print', '-n', '1', commit];
  const listed = await runGit(missing, { ...place, okCodes: [128] });
  if (listed.code !== 0 || /^\?/m.test(listed.stdout.toString('latin1'))) return undefined;
  mkdirSync(dirname(folder), { recursive: true });
  const scratch = mkdtempSync(join(dirname(folder), 'making-'));
  try {
    const git = { ...place, workTree: join(scratch, 'tree'), indexFile: join(scratch, 'index') };
    mkdirSync(git.workTree);
    await runGit(['read-tree', commit], git);
    await runGit(['checkout-index', '-a', '-f', '-q'], git);
    if (!existsSync(folder)) renameSync(join(scratch, 'tree'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { folder, place };
}
