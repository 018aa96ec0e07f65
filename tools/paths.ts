/** Opens paths inside a work tree without ever following a link out of it. */
import { closeSync, constants, existsSync, lstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalPath } from '../domain/access.ts';
import { RefusedError } from '../domain/errors.ts';
import { ToolFailure } from './tool.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A path as an argument of a tool. */
export const pathSchema = z.string().min(1).max(1024);

/** The canonical path, as an agent named it. @throws RefusedError `PATH_DENIED`. */
export function inside(path: string): string {
  return canonicalPath(path);
}

/**
 * Runs `work` with a path whose parent folder is held open, reached component by component with O_NOFOLLOW, so that no
 * link on the way can lead out. On systems without /proc the real path is compared instead.
 */
export function withParent<Result>(folder: string, path: string, create: boolean, work: (place: string) => Result): Result {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  if (!existsSync('/proc/self/fd')) {
    const parent = join(folder, ...parts);
    if (create) mkdirSync(parent, { recursive: true });
    const real = realpathSync(parent);
    if (real !== join(realpathSync(folder), ...parts))
      throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(path)}: a folder on the way is a link`);
    return work(join(real, name));
  }
  let handle = openSync(folder, DIRECTORY);
  try {
    for (const part of parts) {
      const place = `/proc/self/fd/${handle}/${part}`;
      const stat = lstatSync(place, { throwIfNoEntry: false });
      if (stat === undefined && create) mkdirSync(place);
      else if (stat === undefined) throw new ToolFailure(`${path}: there is no such file`);
      else if (stat.isSymbolicLink()) throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(path)}: ${part} is a link`);
      else if (!stat.isDirectory()) throw new ToolFailure(`${path}: ${part} is not a folder`);
      const next = openSync(place, DIRECTORY);
      closeSync(handle);
      handle = next;
    }
    return work(`/proc/self/fd/${handle}/${name}`);
  } finally {
    closeSync(handle);
  }
}

/** A regular file with one name; a link, device or hard link is refused. Undefined when absent. */
export function regular(place: string, path: string): ReturnType<typeof lstatSync> {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(path)}: is a link`);
  if (stat.isDirectory()) throw new ToolFailure(`${path}: is a folder`);
  if (!stat.isFile()) throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(path)}: is no regular file`);
  if (stat.nlink > 1) throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(path)}: has more than one name (hard link)`);
  return stat;
}
