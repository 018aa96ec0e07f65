/** What is known of a work tree: the tree it stands at, what its index holds, and the attributes of the base. */
import type { GitPlace } from '../git.ts';
import type { ObjectReader } from '../object-reader.ts';
import { type Attributes, attributesOf, type Storing } from './attributes.ts';
import { type IndexFile, indexFile } from './index-file.ts';
import type { Listings } from './listings.ts';
import { type Entries, type Entry, GITLINK, LINK, zWords } from './names.ts';
import type { CheckedOut } from './on-disk.ts';

/** What all work trees of a repository share. */
export interface Shared {
  readonly place: GitPlace;
  readonly objects: ObjectReader;
  readonly listings: Listings;
  readonly checkedOut: CheckedOut;
  /** Files with the ignore rules that the user keeps for themselves. */
  ownIgnores(): Promise<readonly string[]>;
  /** Where LFS keeps the content of files. */
  lfsFolder(): Promise<string>;
}

export interface Standing extends Shared {
  readonly folder: string;
  /** The start of the names of what is kept beside the folder; each process has its own: one that was killed may have left a lock. */
  readonly beside: string;
  readonly index: IndexFile;
  /** Undefined: no tree was restored yet. */
  attributes: Promise<Base> | undefined;
  at: { readonly tree: string; readonly entries: Entries; readonly disk: Map<string, string> } | undefined;
  /** The tree-ish whose attributes count; undefined: that of the first tree. */
  readonly attributesOf: string | undefined;
}

/** The tree whose attributes say how files are stored. */
export interface Base extends Attributes {
  readonly tree: string;
  readonly entries: Entries;
}

export function openStanding(shared: Shared, folder: string, attributes: string | undefined): Standing {
  const beside = `${folder}.${process.pid}`;
  const index = indexFile(shared.place, folder, `${beside}.index`);
  return { ...shared, folder, beside, index, attributes: undefined, at: undefined, attributesOf: attributes };
}

/** @param first the tree that is being restored. */
export function baseOf(standing: Standing, first: { readonly tree: string; readonly entries: Entries }): Promise<Base> {
  standing.attributes ??= (async () => {
    const named = standing.attributesOf ?? first.tree;
    const of = (await standing.listings.treeOf(named)) ?? named;
    const entries = of === first.tree ? first.entries : await entriesOf(standing.listings, of);
    return { ...(await attributesOf(standing.place, entries, `${standing.beside}.attributes`)), tree: of, entries };
  })();
  return standing.attributes;
}

/** All files of a tree, links and submodules with them. */
export async function entriesOf(listings: Listings, tree: string): Promise<Entries> {
  const entries = new Map<string, Entry>();
  for (const row of zWords(await listings.list(tree))) {
    const tab = row.indexOf('\t');
    const [mode = '', , oid = ''] = row.slice(0, tab).split(' ');
    entries.set(row.slice(tab + 1), { mode, oid });
  }
  return entries;
}

/** How the regular files among these are stored, but for those that are stored as they are. */
export const storingOfFiles = (base: Base, entries: Entries): Promise<Map<string, Storing>> =>
  base.of([...entries].filter(([, { mode }]) => mode !== GITLINK && mode !== LINK).map(([path]) => path));
