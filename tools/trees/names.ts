/** Names in trees as git has them: bytes, kept as latin1 text, so that a name that is not UTF-8 is found again. */
import { createHash } from 'node:crypto';

/** One file of a tree or of a folder; `path` is bytes as latin1. */
export interface Entry {
  /** As git writes it: `100644`, `100755`, `120000` (link), `160000` (submodule), or what an old tree has. */
  readonly mode: string;
  readonly oid: string;
}

/** Paths (bytes as latin1) and what is there. */
export type Entries = Map<string, Entry>;

export const GITLINK = '160000';
export const LINK = '120000';

/** The words of an output with `-z`. */
export const zWords = (output: Buffer): string[] => {
  const words = output.toString('latin1').split('\0');
  words.pop();
  return words;
};

/** What `-z --stdin` reads. */
export const zInput = (words: Iterable<string>): Buffer => Buffer.from([...words].map((word) => `${word}\0`).join(''), 'latin1');

export const placeOf = (folder: string, path: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);

/** For people. */
export const readable = (path: string): string => JSON.stringify(Buffer.from(path, 'latin1').toString('utf8'));

/** Does git write this file as one that can be run? */
export const canBeRun = (mode: string): boolean => (Number.parseInt(mode, 8) & 0o100) !== 0;

/** The id that git gives an object; `like`: any other id of the repository, which tells its hash. */
export function objectId(type: 'blob' | 'tree', content: Buffer, like: string): string {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`${type} ${content.length}\0`).update(content).digest('hex');
}
