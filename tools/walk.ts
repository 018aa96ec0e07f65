/** Walks what an agent made, by bytes: a name need not be UTF-8, and a path may be longer than the system can open. */
import { randomUUID } from 'node:crypto';
import { chmodSync, type Dirent, readdirSync, renameSync, rmSync } from 'node:fs';

export interface Found {
  readonly path: Buffer;
  readonly entry: Dirent<Buffer>;
  /** A folder so deep that it is not entered; no repository has such paths. */
  readonly tooDeep: boolean;
}

/** Longest folder path that is entered, in bytes; the system's own limit is 4096. */
const DEEPEST_BYTES = 3000;
const SLASH = Buffer.from('/');
/** What a dying command still writes must not fail the removal. */
const RECURSIVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

/**
 * Everything below a folder; links are told, never followed; what vanishes meanwhile is passed over. `unlock` opens folders that
 * their owner closed to itself: only while no command runs, which could put a link in the place.
 */
export function* walk(folder: string | Buffer, options: { unlock: boolean } = { unlock: false }): Generator<Found> {
  const pending = [Buffer.from(folder)];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of entriesOf(at, options.unlock)) {
      const path = Buffer.concat([at, SLASH, entry.name]);
      const tooDeep = entry.isDirectory() && path.length > DEEPEST_BYTES;
      yield { path, entry, tooDeep };
      if (entry.isDirectory() && !tooDeep) pending.push(path);
    }
  }
}

function entriesOf(folder: Buffer, unlock: boolean): Dirent<Buffer>[] {
  const read = () => readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // node's file errors carry a code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return [];
    if (code !== 'EACCES') throw error;
    if (!unlock) return [];
    chmodSync(folder, 0o700);
    return read();
  }
}

/** Removes a file or folder, however deep or locked; what cannot be reached by path is brought near `beside` first. */
export function removeAll(place: string | Buffer, beside: string | Buffer = place): void {
  try {
    rmSync(place, RECURSIVE);
  } catch {
    for (const { path, tooDeep } of walk(place, { unlock: true })) if (tooDeep) removeLifted(path, beside);
    rmSync(place, RECURSIVE);
  }
}

function removeLifted(path: Buffer, beside: string | Buffer): void {
  const near = Buffer.concat([Buffer.from(beside), Buffer.from(`.deep-${randomUUID()}`)]);
  renameSync(path, near);
  removeAll(near, beside);
}
