/** The token by which the own user is known where the system does not tell who connects: kept in the home, for its owner's eyes. */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../domain/errors.ts';

export const TOKEN_FILE = 'local-token';
const FORM = /^gvl_[A-Za-z0-9_-]{43}$/;

/** The same for every server of this home, and over restarts. @throws UsageError when others could read or have written the file. */
export function localToken(home: string): string {
  const file = join(home, TOKEN_FILE);
  const token = `gvl_${randomBytes(32).toString('base64url')}`;
  try {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // node's own error
  }
  assertPrivate(file);
  const kept = readFileSync(file, 'latin1').trim();
  if (!FORM.test(kept)) throw new UsageError(`${file}: holds no token of this server; delete it, and the next start writes a new one`);
  return kept;
}

function assertPrivate(file: string): void {
  const { mode, uid } = lstatSync(file);
  const owner = process.geteuid?.();
  if ((mode & 0o170_000) !== 0o100_000) throw new UsageError(`${file}: is no plain file; delete it, and the next start writes a new one`);
  // Windows keeps the user's profile from others by itself and shows no such modes.
  if (owner === undefined) return;
  if (uid !== owner || (mode & 0o077) !== 0)
    throw new UsageError(
      `${file}: is of uid ${uid} with mode ${(mode & 0o777).toString(8)}, and must be of uid ${owner} with mode 600; delete it, and the next start writes a new one`,
    );
}
