/** Moves the files of a person's own checkout when its branch was released; only a clean one, and never half. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { StopError } from '../domain/errors.ts';
import { runGit } from './git.ts';

const lines = (output: Buffer): string[] =>
  output
    .toString('utf8')
    .split('\0')
    .filter((word) => word !== '');

/** True when index and files equal `commit`; untracked files do not count. */
export async function checkoutClean(folder: string, commit: string): Promise<boolean> {
  const git = { cwd: folder };
  await runGit(['update-index', '-q', '--refresh'], { ...git, okCodes: [1], env: { GIT_OPTIONAL_LOCKS: '1' } });
  const staged = await runGit(['diff-index', '--cached', '--quiet', commit, '--'], { ...git, okCodes: [1] });
  const changed = await runGit(['diff-files', '--quiet'], { ...git, okCodes: [1] });
  return staged.code === 0 && changed.code === 0;
}

/** Idempotent: already at `to` is a no-op. @throws StopError `TARGET_DIRTY` and changes nothing. */
export async function moveCheckout(folder: string, from: string, to: string): Promise<void> {
  if (await checkoutClean(folder, to)) return;
  if (!(await checkoutClean(folder, from))) throw new StopError('TARGET_DIRTY', `${folder}: has uncommitted changes; commit or stash them`);
  const added = lines(
    (await runGit(['diff-tree', '-r', '-z', '--name-only', '--diff-filter=A', '--no-renames', from, to], { cwd: folder })).stdout,
  );
  const inTheWay = added.filter((path) => lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined);
  if (inTheWay.length > 0)
    throw new StopError('TARGET_DIRTY', `${folder}: untracked files are in the way: ${inTheWay.slice(0, 10).join(', ')}`);
  await runGit(['read-tree', '-m', '-u', from, to], { cwd: folder, env: { GIT_OPTIONAL_LOCKS: '1' } });
}
