/** Git in a person's own checkout: their settings of line ends, modes and attributes count, and none of their programs runs. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type GitOptions, type GitResult, runGit } from '../git.ts';

export interface UserGit {
  readonly folder: string;
  readonly gitDir: string;
  /** Names of filters that a configuration of the repository, the person or the machine gives a command. */
  readonly filters: readonly string[];
  run(args: readonly string[], more?: GitOptions): Promise<GitResult>;
  /** The NUL-separated words that git prints, each byte a character: a name need not be UTF-8. */
  words(args: readonly string[], more?: GitOptions): Promise<string[]>;
}

export async function userGit(folder: string, gitDir: string): Promise<UserGit> {
  const at = { gitDir, workTree: folder };
  const asked = ['config', '-z', '--name-only', '--get-regexp', '^filter\\.'];
  const keys = (await runGit(asked, { ...at, asUser: { filters: [] }, okCodes: [1] })).stdout.toString('utf8').split('\0');
  const filters = [...new Set(keys.flatMap((key) => /^filter\.(.+)\.[^.]+$/s.exec(key)?.[1] ?? []))];
  const run: UserGit['run'] = (args, more) => runGit(args, { ...at, asUser: { filters }, ...more });
  const words: UserGit['words'] = async (args, more) =>
    (await run(args, more)).stdout
      .toString('latin1')
      .split('\0')
      .filter((word) => word !== '');
  return { folder, gitDir, filters, run, words };
}

/** A path of `words` as the file system takes it. */
export const fileOf = ({ folder }: UserGit, path: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);

/** A path of `words` for people. */
export const shown = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');

/** The git dir of a checkout: its `.git`, or what the file of that name leads to; `main` where `core.worktree` alone leads to the folder. */
export function gitDirOf(folder: string, main: string): string {
  const dotGit = join(folder, '.git');
  if (!existsSync(dotGit)) return main;
  if (statSync(dotGit).isDirectory()) return dotGit;
  return resolve(
    folder,
    readFileSync(dotGit, 'utf8')
      .replace(/^gitdir: /, '')
      .trimEnd(),
  );
}
