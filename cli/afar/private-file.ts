/** A file that its owner alone may read: written whole, and refused where others could read it or have written it. */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../../domain/errors.ts';

const MAX_BYTES = 256 * 1024;

/** Undefined where there is none. @throws UsageError with the mend, as ssh refuses a key that others can read. */
export function readPrivate(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // node's own
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${file}: ${code === 'ELOOP' ? 'is a link' : `cannot be read (${code})`}; delete it, and run: governor login`);
  }
  try {
    const { mode, uid, size } = fstatSync(descriptor);
    if ((mode & 0o170_000) !== 0o100_000) throw new UsageError(`${file}: is no plain file; delete it, and run: governor login`);
    const owner = process.geteuid?.();
    // Windows keeps the user's profile from others by itself and shows no such modes.
    if (owner !== undefined && uid !== owner)
      throw new UsageError(`${file}: is of uid ${uid}, not of you (uid ${owner}); delete it, and run: governor login`);
    if (owner !== undefined && (mode & 0o077) !== 0)
      throw new UsageError(
        `${file}: others may read it (mode ${(mode & 0o777).toString(8)}), and it holds a token; take the token back where it was made, and run: chmod 600 ${file}`,
      );
    if (size > MAX_BYTES) throw new UsageError(`${file}: has ${size} bytes, more than any sign-in; delete it, and run: governor login`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Whole or not at all, mode 600, in folders of mode 700. */
export function writePrivate(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
}
