/** Whose a repository is: git works in that of another person only where `safe.directory` says so, for its configuration can run programs. */
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../domain/errors.ts';
import { runGit } from '../git.ts';
import { userGitEnvironment } from '../process.ts';
import { wordsOf } from './place.ts';

/** git's own rule. @throws UsageError */
export async function assertOwn({ path, gitDir }: { readonly path: string; readonly gitDir: string }): Promise<void> {
  const user = process.geteuid?.();
  if (user === undefined) return;
  const parts = [path, join(path, '.git'), gitDir].filter((part) => existsSync(part));
  const foreign = parts.find((part) => !isOwn(lstatSync(part).uid, user));
  if (foreign === undefined) return;
  const listed = ['--system', '--global'].map((scope) => ['config', scope, '--includes', '-z', '--get-all', 'safe.directory']);
  const values = await Promise.all(
    listed.map(async (asked) => wordsOf(await runGit(asked, { asUser: { filters: [] }, okCodes: [1, 128] })).slice(0, -1)),
  );
  if (isSafe(path, values.flat())) return;
  throw new UsageError(
    `repository ${path}: ${foreign} belongs to user ${lstatSync(foreign).uid}, this is user ${user}, and git works there only where safe.directory says so; if you trust it: git config --global --add safe.directory ${path}`,
  );
}

/** Whoever became root by `sudo` is still the person that they were. */
const isOwn = (owner: number, user: number): boolean =>
  owner === user || (user === 0 && String(owner) === userGitEnvironment()['SUDO_UID']);

/** An empty value forgets those before it; `/*` at the end stands for all below. */
export function isSafe(path: string, values: readonly string[]): boolean {
  return values
    .slice(values.lastIndexOf('') + 1)
    .some((value) => value === '*' || value.replace(/\/$/, '') === path || (value.endsWith('/*') && path.startsWith(value.slice(0, -1))));
}
