/** Moves the files of a person's own checkout when its branch was released; only a clean one, and never half. */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StopError } from '../domain/errors.ts';
import { failpoint } from '../domain/failpoint.ts';
import { parseChanges } from './diff.ts';
import { runGit } from './git.ts';

/** A kill can leave the last `git` of a dead process at work on the index: how long its lock is waited for, in ms. */
const LOCK_WAIT_MS = 2000;
const LOCK_POLL_MS = 50;

const lines = (output: Buffer): string[] =>
  output
    .toString('utf8')
    .split('\0')
    .filter((word) => word !== '');

/** True when index and files equal `commit`; untracked files do not count. */
export async function checkoutClean(folder: string, commit: string): Promise<boolean> {
  return (await filesClean(folder)) && (await indexIs(folder, commit));
}

/** True when the files equal the index, whatever that is of. */
async function filesClean(folder: string): Promise<boolean> {
  await runGit(['update-index', '-q', '--refresh'], { cwd: folder, okCodes: [1, 128], env: { GIT_OPTIONAL_LOCKS: '1' } });
  return (await runGit(['diff-files', '--quiet'], { cwd: folder, okCodes: [1] })).code === 0;
}

async function indexIs(folder: string, commit: string): Promise<boolean> {
  return (await runGit(['diff-index', '--cached', '--quiet', commit, '--'], { cwd: folder, okCodes: [1] })).code === 0;
}

/** Idempotent: already at `to` is a no-op, a half-done move is finished. @throws StopError `TARGET_DIRTY` and changes nothing. */
export async function moveCheckout(folder: string, from: string, to: string): Promise<void> {
  await indexUnlocked(folder);
  const clean = await filesClean(folder);
  if (clean && (await indexIs(folder, to))) return;
  if (!clean || !(await indexIs(folder, from))) {
    if (!(await halfMoved(folder, from, to)))
      throw new StopError('TARGET_DIRTY', `${folder}: has uncommitted changes; commit or stash them`);
    await runGit(['read-tree', '--reset', '-u', to], { cwd: folder, env: { GIT_OPTIONAL_LOCKS: '1' } });
    return;
  }
  const added = lines(
    (await runGit(['diff-tree', '-r', '-z', '--name-only', '--diff-filter=A', '--no-renames', from, to], { cwd: folder })).stdout,
  );
  const inTheWay = added.filter((path) => lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined);
  if (inTheWay.length > 0)
    throw new StopError('TARGET_DIRTY', `${folder}: untracked files are in the way: ${inTheWay.slice(0, 10).join(', ')}`);
  failpoint('checkout:before');
  await runGit(['read-tree', '-m', '-u', from, to], { cwd: folder, env: { GIT_OPTIONAL_LOCKS: '1' } });
  failpoint('checkout:after');
}

/** @throws StopError `TARGET_DIRTY` naming the lock. */
async function indexUnlocked(folder: string): Promise<void> {
  const lock = (await runGit(['rev-parse', '--git-path', 'index.lock'], { cwd: folder })).stdout.toString('utf8').trim();
  for (let waited = 0; lstatSync(resolve(folder, lock), { throwIfNoEntry: false }) !== undefined; waited += LOCK_POLL_MS) {
    if (waited >= LOCK_WAIT_MS)
      throw new StopError('TARGET_DIRTY', `${folder}: ${lock} exists; another git is at work here, or died: remove the file then`);
    await new Promise((wake) => setTimeout(wake, LOCK_POLL_MS));
  }
}

/**
 * Is this a move from `from` to `to` that died on its way? Then the index is still `from`'s, and every file that differs from it
 * is, byte for byte, what `to` has there; so nothing of a person's is lost by finishing it.
 */
async function halfMoved(folder: string, from: string, to: string): Promise<boolean> {
  const git = { cwd: folder };
  if (!(await indexIs(folder, from))) return false;
  const raw = (await runGit(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', from, to], git)).stdout;
  const moved = new Map((await parseChanges(raw, async (oid) => oid)).map((change) => [change.path, change]));
  const differing = lines((await runGit(['diff-files', '-z', '--name-only'], git)).stdout);
  for (const path of differing) {
    const change = moved.get(path);
    if (change === undefined) return false;
    const there = lstatSync(join(folder, path), { throwIfNoEntry: false });
    if (there === undefined ? change.status !== 'deleted' : !(await holds(folder, path, change.sha256))) return false;
  }
  for (const [path, change] of moved) {
    if (change.status !== 'added' || lstatSync(join(folder, path), { throwIfNoEntry: false }) === undefined) continue;
    if (!(await holds(folder, path, change.sha256))) return false;
  }
  return true;
}

/** Does the file hold exactly this blob? */
async function holds(folder: string, path: string, oid: string): Promise<boolean> {
  const file = join(folder, path);
  const stat = lstatSync(file);
  if (!stat.isFile() && !stat.isSymbolicLink()) return false;
  const bytes = stat.isSymbolicLink() ? Buffer.from(readlinkSync(file)) : readFileSync(file);
  const hashed = await runGit(['hash-object', '--stdin', '--no-filters'], { cwd: folder, stdin: bytes });
  return hashed.stdout.toString('utf8').trim() === oid;
}
