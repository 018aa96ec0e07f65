/** A user's repository by plumbing. Trees and objects go through a clean git dir of ours; only refs and remotes touch theirs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import type { Repository } from '../domain/workspace.ts';
import { type GitPlace, runGit } from './git.ts';
import { createObjectReader } from './object-reader.ts';
import { readObjects } from './repository/read-objects.ts';
import { refsOf } from './repository/refs.ts';
import { remotesOf } from './repository/remotes.ts';
import { userCheckout } from './repository/user-checkout.ts';
import { writeObjects } from './repository/write-objects.ts';
import { createWorkTrees } from './worktree.ts';

/** @throws UsageError: no such folder, no repository, no commit. */
export async function openRepository(path: string, stateFolder: string): Promise<Repository> {
  if (!existsSync(path)) throw new UsageError(`repository ${path}: there is no such folder`);
  const folder = realpathSync(path);
  const { absolute, bare, commonWord, topWord } = await placesOf(folder);
  if (absolute === '') throw new UsageError(`repository ${path}: is not a git repository`);
  const top = bare ? absolute : realpathSync(topWord);
  const common = realpathSync(isAbsolute(commonWord) ? commonWord : resolve(folder, commonWord));
  const clean = cleanPlace(common, stateFolder);
  const objects = createObjectReader(clean);
  const place = { path: top, bare, common, clean };
  return {
    path: top,
    ...readObjects(place, objects),
    ...writeObjects(place),
    ...refsOf(place),
    ...remotesOf(place),
    ...userCheckout(place),
    ...createWorkTrees({ ...clean, common }, objects),
  };
}

/** Where a repository is. Asked at once; one by one only where a name of many lines could be taken for several. */
async function placesOf(folder: string): Promise<{ absolute: string; bare: boolean; commonWord: string; topWord: string }> {
  const ask = async (...flags: string[]): Promise<string> =>
    (await runGit(['rev-parse', ...flags], { cwd: folder, okCodes: [128] })).stdout.toString();
  const flags = ['--is-bare-repository', '--absolute-git-dir', '--git-common-dir', '--show-toplevel'] as const;
  const lines = (await ask(...flags)).split('\n').slice(0, -1);
  // A bare repository has no top folder: git says the others, and ends with an error.
  const isClear = lines.length === (lines[0] === 'true' ? 3 : 4);
  const [bare = '', absolute = '', commonWord = '', topWord = ''] =
    isClear || lines.length === 0 ? lines : await Promise.all(flags.map(async (flag) => (await ask(flag)).replace(/\n$/, '')));
  return { absolute, bare: bare === 'true', commonWord, topWord };
}

/** Our own git dir for a repository: no hook, filter, driver or setting of theirs; their objects. */
function cleanPlace(common: string, stateFolder: string): GitPlace {
  const gitDir = join(stateFolder, 'git', createHash('sha256').update(common).digest('hex').slice(0, 24));
  if (!existsSync(join(gitDir, 'HEAD'))) {
    for (const name of ['refs', 'objects', 'info']) mkdirSync(join(gitDir, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(gitDir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = false\n');
    writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n');
  }
  return { gitDir, objects: join(common, 'objects') };
}
