/** Where a branch is checked out, and whether git is in the middle of something with it. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { StopError } from '../../domain/errors.ts';
import { lineOf, type RepositoryPlace, theirs, wordsOf } from './place.ts';
import { gitDirOf } from './user-git.ts';

/** The main checkout stands first, also where the repository has none and is bare. */
interface Listed {
  readonly folder: string;
  readonly ref: string | undefined;
  readonly bare: boolean;
  readonly locked: boolean;
}

/**
 * The folders in which a branch is checked out, of the main checkout and the linked ones.
 * @throws StopError `TARGET_DIRTY` where git would not move the branch either: under a rebase, a bisect or an open merge, or in a folder
 * that is out of reach.
 */
export async function checkoutsOf(place: RepositoryPlace, branch: string): Promise<string[]> {
  assertAtRest(place, branch);
  const all = await listCheckouts(place);
  const ref = `refs/heads/${branch}`;
  // git lists what a name stands for, so it is asked of a branch that is nowhere: it may be another name of one that is
  // (`git symbolic-ref refs/heads/main refs/heads/master`).
  const named = all.some((one) => one.ref === ref)
    ? ref
    : lineOf(await theirs(place, ['symbolic-ref', '--quiet', ref], { okCodes: [1] })) || ref;
  const folders: string[] = [];
  for (const [index, listed] of all.entries()) {
    if (listed.ref !== named || listed.bare) continue;
    const folder = index === 0 ? await mainFolder(place, branch) : listed.folder;
    if (!existsSync(folder)) {
      if (!listed.locked) continue;
      throw inTheWay(
        branch,
        `is checked out in ${folder}, which is locked and not there now: bring it back, or remove it with git worktree`,
      );
    }
    assertNothingOpen(place, branch, folder);
    folders.push(realpathSync(folder));
  }
  return folders;
}

const inTheWay = (branch: string, what: string): StopError => new StopError('TARGET_DIRTY', `branch ${branch}: ${what}`);

async function listCheckouts(place: RepositoryPlace): Promise<Listed[]> {
  const list: Listed[] = [];
  let words: string[] = [];
  for (const word of wordsOf(await theirs(place, ['worktree', 'list', '--porcelain', '-z']))) {
    if (word !== '') words.push(word);
    else if (words.length > 0) {
      const wordAfter = (key: string): string | undefined => words.find((one) => one.startsWith(`${key} `))?.slice(key.length + 1);
      list.push({
        folder: wordAfter('worktree') ?? '',
        ref: wordAfter('branch'),
        bare: words.includes('bare'),
        locked: words.some((one) => /^locked\b/.test(one)),
      });
      words = [];
    }
  }
  return list;
}

/** Git guesses it from the name of the git dir, which is wrong for a submodule and for `--separate-git-dir`. */
async function mainFolder(place: RepositoryPlace, branch: string): Promise<string> {
  if (place.main !== undefined) return place.main;
  const set = lineOf(await theirs(place, ['config', '--get', 'core.worktree'], { okCodes: [1] }));
  if (set !== '') return resolve(place.common, set);
  if (basename(place.common) === '.git') return dirname(place.common);
  throw inTheWay(
    branch,
    `is checked out in the main checkout of ${place.common}, and git does not know where that is: run from that folder, or switch it to another branch`,
  );
}

/** What git notes in a git dir while it is in the middle of something, each with the branch in it, and how a person ends it. */
const UNDER_WAY: readonly { readonly file: string; readonly what: string; readonly mend: string }[] = [
  { file: 'rebase-merge/head-name', what: 'is being rebased', mend: 'git rebase --continue or --abort' },
  { file: 'rebase-apply/head-name', what: 'is being rebased', mend: 'git rebase --continue or --abort' },
  { file: 'rebase-merge/update-refs', what: 'is moved by a rebase', mend: 'git rebase --continue or --abort' },
  { file: 'BISECT_START', what: 'is being bisected', mend: 'git bisect reset' },
];

/** @throws StopError `TARGET_DIRTY`: the branch comes back to where the rebase or the bisect puts it. */
function assertAtRest({ common, main }: RepositoryPlace, branch: string): void {
  const linked = join(common, 'worktrees');
  const names = existsSync(linked) ? readdirSync(linked) : [];
  const places = [
    { gitDir: common, folder: main ?? common },
    ...names.map((name) => ({ gitDir: join(linked, name), folder: textOf(join(linked, name, 'gitdir'))?.replace(/\/\.git$/, '') ?? name })),
  ];
  for (const { gitDir, folder } of places)
    for (const { file, what, mend } of UNDER_WAY) {
      const words = textOf(join(gitDir, file))?.split('\n') ?? [];
      if (words.some((word) => word === branch || word === `refs/heads/${branch}`))
        throw inTheWay(branch, `${what} in ${folder}; end that there with ${mend}`);
    }
}

const OPEN: readonly { readonly file: string; readonly verb: string }[] = [
  { file: 'MERGE_HEAD', verb: 'merge' },
  { file: 'CHERRY_PICK_HEAD', verb: 'cherry-pick' },
  { file: 'REVERT_HEAD', verb: 'revert' },
];

/** @throws StopError `TARGET_DIRTY` */
function assertNothingOpen({ common }: RepositoryPlace, branch: string, folder: string): void {
  const gitDir = gitDirOf(folder, common);
  const open = OPEN.find(({ file }) => existsSync(join(gitDir, file)));
  if (open !== undefined)
    throw inTheWay(branch, `a ${open.verb} is not concluded in ${folder}; end it there with git ${open.verb} --continue or --abort`);
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
