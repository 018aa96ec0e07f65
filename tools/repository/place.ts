/** Where one repository is, and the two ways to git in it: over our clean git dir, and over the user's own. */
import type { Repository } from '../../domain/workspace.ts';
import { type GitOptions, type GitPlace, type GitResult, runGit } from '../git.ts';

export interface RepositoryPlace {
  /** The top folder, or the bare repository itself. */
  readonly path: string;
  readonly bare: boolean;
  /** The folder of the main checkout; undefined where the repository was opened by a linked one, or has none. */
  readonly main: string | undefined;
  /** The git dir of what was opened: its HEAD and its index. */
  readonly gitDir: string;
  /** The user's git dir: refs and remotes. */
  readonly common: string;
  /** Our git dir on their objects: no hook, filter, driver or setting of theirs. */
  readonly clean: GitPlace;
}

export const ours = ({ clean }: RepositoryPlace, args: readonly string[], more: GitOptions = {}): Promise<GitResult> =>
  runGit(args, { ...clean, ...more });

export const theirs = ({ common }: RepositoryPlace, args: readonly string[], more: GitOptions = {}): Promise<GitResult> =>
  runGit(args, { gitDir: common, ...more });

/** What git printed, as one line. */
export const lineOf = ({ stdout }: GitResult): string => stdout.toString('utf8').trim();

/** What git printed with `-z`, as words. */
export const wordsOf = ({ stdout }: GitResult): string[] => stdout.toString('utf8').split('\0');

/** A part of `Repository`, by the names of its methods. */
export type Part<Name extends keyof Repository> = Pick<Repository, Name>;
