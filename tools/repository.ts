/** A user's repository by plumbing. Trees and objects go through a clean git dir of ours; only refs and remotes touch theirs. */
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import type { Repository } from '../domain/workspace.ts';
import { type GitOptions, type GitResult, runGit } from './git.ts';
import { createObjectReader } from './object-reader.ts';
import { rememberedAnswers } from './repository/answers.ts';
import { cleanPlace } from './repository/clean-place.ts';
import { filtersOf } from './repository/filters.ts';
import { assertOwn } from './repository/owner.ts';
import { readObjects } from './repository/read-objects.ts';
import { refsOf } from './repository/refs.ts';
import { releasesOf } from './repository/releases.ts';
import { remotesOf } from './repository/remotes.ts';
import { submodulesOf } from './repository/submodules.ts';
import { fitness } from './repository/unfit.ts';
import { userCheckout } from './repository/user-checkout.ts';
import { writeObjects } from './repository/write-objects.ts';
import { createListings } from './trees/listings.ts';
import { createWorkTrees } from './worktree.ts';

/**
 * @param answers what this process has asked of trees before, of this repository and others.
 * @throws UsageError: no such folder, no repository, git data instead of a checkout.
 */
export async function openRepository(path: string, stateFolder: string, answers = rememberedAnswers()): Promise<Repository> {
  if (!existsSync(path)) throw new UsageError(`repository ${path}: there is no such folder`);
  const folder = realpathSync(path);
  const { absolute, bare, commonWord, topWord } = await placesOf(folder);
  if (!bare && topWord === '') throw new UsageError(`repository ${path}: is the git data of a repository; name the folder of its checkout`);
  // The files' folder is what a run is recorded with, and it must lead to the repository again.
  if (!bare && !existsSync(join(topWord, '.git')))
    throw new UsageError(
      `repository ${path}: core.worktree puts its files into ${topWord}, where no .git leads back to it; add one: echo "gitdir: ${absolute}" > ${topWord}/.git, and name that folder`,
    );
  const top = bare ? absolute : realpathSync(topWord);
  const common = realpathSync(isAbsolute(commonWord) ? commonWord : resolve(folder, commonWord));
  await assertOwn({ path: top, gitDir: absolute });
  const clean = await cleanPlace(common, stateFolder);
  const main = !bare && realpathSync(absolute) === common ? top : undefined;
  const place = { path: top, bare, gitDir: absolute, common, clean, main };
  const reader = createObjectReader(clean);
  const asked = answers(clean);
  const listings = createListings(reader, asked);
  const objects = readObjects(place, { objects: reader, listings, asked });
  return {
    path: top,
    ...objects,
    ...submodulesOf(place, objects),
    ...writeObjects(place),
    ...refsOf(place),
    ...releasesOf(place),
    ...remotesOf(place),
    ...userCheckout(place, reader),
    ...filtersOf(place, listings),
    ...fitness(place),
    ...createWorkTrees({ ...clean, common }, { objects: reader, listings }),
  };
}

interface Places {
  readonly absolute: string;
  readonly bare: boolean;
  readonly commonWord: string;
  readonly topWord: string;
}

/** Where a repository is. @throws UsageError with what git says. */
async function placesOf(folder: string): Promise<Places> {
  const found = await askPlaces({ cwd: folder });
  if ('absolute' in found) return found;
  // git does not look for a bare repository by itself where a folder of files could pass for one; here a person named it.
  const looksBare = ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(folder, name)));
  const named = looksBare ? await askPlaces({ gitDir: folder }) : found;
  if ('absolute' in named) return named.bare ? named : { ...named, topWord: '' };
  throw new UsageError(`repository ${folder}: is not a git repository that git can open: ${named.said}`);
}

/** Asked at once; one by one only where a name of many lines could be taken for several. */
async function askPlaces(at: GitOptions): Promise<Places | { readonly said: string }> {
  const ask = (...flags: string[]): Promise<GitResult> => runGit(['rev-parse', ...flags], { ...at, okCodes: [128] });
  const flags = ['--is-bare-repository', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'] as const;
  const first = await ask(...flags);
  const lines = first.stdout.toString().split('\n').slice(0, -1);
  if (lines.length === 0) return { said: first.stderr.trim().slice(0, 500) };
  // A bare repository has no top folder: git says the others, and ends with an error.
  const isClear = lines.length === (lines[0] === 'true' ? 3 : 4);
  const one = async (flag: string): Promise<string> => (await ask(flag)).stdout.toString().replace(/\n$/, '');
  const [bare = '', absolute = '', commonWord = '', topWord = ''] = isClear ? lines : await Promise.all(flags.map(one));
  return { absolute, bare: bare === 'true', commonWord, topWord };
}
