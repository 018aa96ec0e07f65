/** Brings a work tree to a tree: what differs is written anew, what is not in it is removed, what is ignored stays. */
import { chmodSync, copyFileSync, lstatSync, mkdirSync } from 'node:fs';
import { StopError } from '../../domain/errors.ts';
import { GitError } from '../git.ts';
import { removeAll } from '../walk.ts';
import type { Storing } from './attributes.ts';
import { writeOut } from './convert.ts';
import { canBeRun, type Entries, type Entry, placeOf } from './names.ts';
import { baseOf, entriesOf, type Standing, storingOfFiles } from './standing.ts';
import { tidy } from './tidy.ts';

/** @param isEmpty nothing stands in the folder: all is written, and nothing can be there that is not of the tree. */
export async function restoreTree(standing: Standing, tree: string, isEmpty = false): Promise<void> {
  const { folder, index } = standing;
  standing.at = undefined;
  if (!isEmpty) tidy(folder);
  const entries = await entriesOf(standing.listings, tree);
  const base = await baseOf(standing, { tree, entries });
  const written = [...(await storingOfFiles(base, entries))].filter(([, { changesOutput }]) => changesOutput);
  const disk = await diskIds(standing, entries, written);
  const fill = async (): Promise<void> => {
    if (isEmpty && disk.size === 0) return index.writeTree(tree, entries);
    await index.set(new Map([...entries].map(([path, entry]) => [path, { ...entry, oid: disk.get(path) ?? entry.oid }])));
    await rewrite(standing, entries, { written, disk });
  };
  await fill().catch((error: unknown) => {
    throw refused(tree, error);
  });
  standing.at = { tree, entries, disk };
}

/** What differs, and what is not of the tree. */
async function rewrite(
  standing: Standing,
  entries: Entries,
  { written, disk }: { written: readonly (readonly [string, Storing])[]; disk: ReadonlyMap<string, string> },
): Promise<void> {
  const { folder, index } = standing;
  const { changed, news } = await index.changedAndNews(await standing.ownIgnores());
  clearWay(folder, changed);
  await index.writeOut(changed.filter((path) => !disk.has(path)));
  const wanted = new Set(changed);
  await writeConverted(
    standing,
    entries,
    written.filter(([path]) => wanted.has(path)),
  );
  // Only now: what is ignored is said by the tree's own .gitignore, not by one that a command wrote.
  const others = changed.length === 0 ? news : await index.news(await standing.ownIgnores(), true);
  for (const path of others) removeAll(placeOf(folder, path.replace(/\/$/, '')));
}

/** The ids of the bytes on disk, of the files where they are not those of the tree. */
async function diskIds(
  standing: Standing,
  entries: Entries,
  written: readonly (readonly [string, Storing])[],
): Promise<Map<string, string>> {
  const stored = written.map(([path, storing]) => ({ oid: entries.get(path)?.oid ?? '', storing }));
  const ids = await standing.checkedOut.ids(standing.beside, stored);
  return new Map(written.map(([path], index) => [path, ids[index] ?? '']));
}

/** A name that git does not write is the base's, for no snapshot takes one. */
function refused(tree: string, error: unknown): unknown {
  const name = error instanceof GitError ? /[Ii]nvalid path '(.+?)'/s.exec(error.message)?.[1] : undefined;
  if (name === undefined) return error;
  return new StopError(
    'PATH_DENIED',
    `tree ${tree}: holds ${JSON.stringify(name)}, which git itself refuses to check out; take it out of the base first`,
    { cause: error },
  );
}

async function writeConverted(standing: Standing, entries: Entries, files: readonly (readonly [string, Storing])[]): Promise<void> {
  if (files.length === 0) return;
  const { place, beside, folder, index } = standing;
  const of = (path: string): Entry => entries.get(path) ?? { mode: '', oid: '' };
  const written = await writeOut(
    place,
    beside,
    files.map(([path, storing]) => ({ oid: of(path).oid, storing })),
  );
  try {
    for (const [nth, [path]] of files.entries()) {
      const at = placeOf(folder, path);
      removeAll(at);
      mkdirSync(parentOf(at), { recursive: true });
      copyFileSync(written.files[nth] ?? '', at);
      chmodSync(at, canBeRun(of(path).mode) ? 0o755 : 0o644);
    }
  } finally {
    written.remove();
  }
  await index.refresh();
}

const parentOf = (place: Buffer): Buffer => place.subarray(0, place.lastIndexOf(0x2f));

/** A file or link where the tree has a folder is removed first; only then is a folder where it has a file, never through a link. */
function clearWay(folder: string, changed: readonly string[]): void {
  for (const path of changed) {
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count += 1) {
      const at = placeOf(folder, parts.slice(0, count).join('/'));
      const stat = lstatSync(at, { throwIfNoEntry: false });
      if (stat === undefined) break;
      if (count === parts.length ? stat.isFile() : stat.isDirectory()) continue;
      removeAll(at);
      break;
    }
  }
}
