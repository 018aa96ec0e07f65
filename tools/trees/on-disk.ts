/** What files are on disk: whether they stand there, the ids of their bytes, and those that a checkout would have. */

import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readlinkSync, type Stats } from 'node:fs';
import type { GitPlace } from '../git.ts';
import type { Storing } from './attributes.ts';
import { writeOut } from './convert.ts';
import { objectId, placeOf } from './names.ts';

/** Undefined: there is none, or a link or a file is on the way. Remembers folders; for one look at a tree alone. */
export function looker(folder: string): (path: string) => Stats | undefined {
  const folders = new Map<string, boolean>();
  const isFolder = (path: string): boolean => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const at = path.lastIndexOf('/');
    const is = (at < 0 || isFolder(path.slice(0, at))) && stat(placeOf(folder, path))?.isDirectory() === true;
    folders.set(path, is);
    return is;
  };
  return (path) => {
    const at = path.lastIndexOf('/');
    return at < 0 || isFolder(path.slice(0, at)) ? stat(placeOf(folder, path)) : undefined;
  };
}

function stat(place: Buffer): Stats | undefined {
  try {
    return lstatSync(place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // node's file errors carry a code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The id that git gives these bytes as they are. @param like any id of the repository. */
export async function idOnDisk(place: Buffer, found: Stats, like: string): Promise<string> {
  if (found.isSymbolicLink()) return objectId('blob', readlinkSync(place, { encoding: 'buffer' }), like);
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1').update(`blob ${found.size}\0`);
  for await (const chunk of createReadStream(place)) hash.update(chunk as Buffer); // no encoding is set
  return hash.digest('hex');
}

/** A file of a tree, and how it is stored. */
export interface Stored {
  readonly oid: string;
  readonly storing: Storing;
}

export interface CheckedOut {
  /** The ids of the bytes that a checkout has, in the order of the files. */
  ids(beside: string, files: readonly Stored[]): Promise<string[]>;
}

/** Files whose ids are remembered. */
const MAX_KNOWN = 200_000;

export function createCheckedOut(place: GitPlace): CheckedOut {
  const known = new Map<string, string>();
  const keyOf = ({ oid, storing }: Stored): string => `${oid} ${storing.line}`;
  return {
    ids: async (beside, files) => {
      if (known.size > MAX_KNOWN) known.clear();
      const unknown = [...new Map(files.map((file) => [keyOf(file), file])).values()].filter((file) => !known.has(keyOf(file)));
      if (unknown.length > 0) {
        const written = await writeOut(place, beside, unknown);
        try {
          for (const [index, file] of unknown.entries()) {
            const at = Buffer.from(written.files[index] ?? '');
            known.set(keyOf(file), await idOnDisk(at, lstatSync(at), file.oid));
          }
        } finally {
          written.remove();
        }
      }
      return files.map((file) => known.get(keyOf(file)) ?? file.oid);
    },
  };
}
