/** Takes the state of a work tree: exactly what differs from the tree it stood at, stored as the base's attributes say. */
import { readdirSync, type Stats } from 'node:fs';
import { assertNoOtherFilter, store, storingOf, type ToStore } from './convert.ts';
import { editTree, entryIn } from './edit-tree.ts';
import { canBeRun, type Entries, type Entry, GITLINK, LINK, placeOf, readable } from './names.ts';
import { idOnDisk, looker } from './on-disk.ts';
import type { Base, Standing } from './standing.ts';
import { linkChanges } from './submodule-links.ts';
import { type LeftOut, tidy } from './tidy.ts';

/** What is told of what was left out. */
const MAX_LEFT_OUT = 20;

export interface Snapshot {
  readonly tree: string;
  readonly leftOut: readonly LeftOut[];
}

/** A file or link that stands on disk and differs, or is new. */
interface OnDisk {
  readonly path: string;
  readonly stat: Stats;
  readonly mode: string;
  /** Of its bytes as they are. */
  readonly id: string;
}

export async function takeSnapshot(standing: Standing): Promise<Snapshot> {
  const { folder, index, objects, place } = standing;
  const { at, attributes } = standing;
  if (at === undefined || attributes === undefined) throw new Error(`work tree ${folder}: no tree was restored`);
  const removed = tidy(folder);
  const ownIgnores = await standing.ownIgnores();
  const { there, gone: missing } = await differences(standing, at, await index.changedAndNew(ownIgnores));
  const base = await attributes;
  const links = await linkChanges(standing, at.entries, base);
  const gone = [...new Set([...missing, ...links.gone])];
  const leftOut = [...removed, ...(await ignoredByUser(standing, ownIgnores)), ...inSubmodules(folder, at.entries)].slice(0, MAX_LEFT_OUT);
  if (there.length === 0 && gone.length === 0 && links.back.size === 0) return { tree: at.tree, leftOut };
  const stored = await storeAll(standing, at, base, there);
  await index.drop(gone);
  const asOnDisk = (files: readonly OnDisk[]): Entries => new Map(files.map(({ path, mode, id }) => [path, { mode, oid: id }]));
  await index.add(asOnDisk(there.filter(({ path, id }) => stored.get(path)?.oid === id)));
  await index.link(links.back);
  await index.note(asOnDisk(there.filter(({ path, id }) => stored.get(path)?.oid !== id)));
  await assertStored(standing, stored);
  const edits = new Map<string, Entry | null>([...gone.map((path) => [path, null] as const), ...stored, ...links.back]);
  const tree = await editTree(place, objects, at.tree, edits);
  const entries = new Map([...at.entries, ...stored, ...links.back]);
  const disk = new Map(at.disk);
  for (const path of gone) for (const known of [entries, disk]) known.delete(path);
  for (const { path, id } of there) {
    if (stored.get(path)?.oid === id) disk.delete(path);
    else disk.set(path, id);
  }
  standing.at = { tree, entries, disk };
  return { tree, leftOut };
}

type At = NonNullable<Standing['at']>;

/** What differs on disk, and which entries have nothing there any more. A submodule's empty folder is nothing that can differ. */
async function differences(
  { folder }: Standing,
  { tree, entries }: At,
  paths: readonly string[],
): Promise<{ there: OnDisk[]; gone: string[] }> {
  const look = looker(folder);
  const there: OnDisk[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    const stat = look(path);
    if (stat === undefined || stat.isDirectory()) {
      if (entries.has(path)) missing.push(path);
      continue;
    }
    const mode = stat.isSymbolicLink() ? LINK : canBeRun(stat.mode.toString(8)) ? '100755' : '100644';
    there.push({ path, stat, mode, id: await idOnDisk(placeOf(folder, path), stat, tree) });
  }
  const taken = new Set(there.map(({ path }) => path));
  const isUnderFile = (path: string): boolean =>
    path.split('/').some((_, count, parts) => count > 0 && taken.has(parts.slice(0, count).join('/')));
  return { there, gone: missing.filter((path) => entries.get(path)?.mode !== GITLINK || isUnderFile(path)) };
}

/** The entries of files that stand on disk. One whose bytes are those that a checkout has is the entry that was checked out. */
async function storeAll(standing: Standing, at: At, base: Base, there: readonly OnDisk[]): Promise<Entries> {
  const storing = await base.of(there.filter(({ mode }) => mode !== LINK).map(({ path }) => path));
  const entries: Entries = new Map();
  const toStore: (ToStore & { readonly mode: string })[] = [];
  const baseIds = await idsOfBase(standing, base, [...storing.keys()]);
  for (const { path, mode, id, stat } of there) {
    const [before, ofBase] = [fileIn(at.entries, path), fileIn(base.entries, path)];
    const how = storing.get(path);
    if (before !== undefined && id === (at.disk.get(path) ?? before.oid)) entries.set(path, { mode, oid: before.oid });
    else if (ofBase !== undefined && id === (baseIds.get(path) ?? ofBase.oid)) entries.set(path, { mode, oid: ofBase.oid });
    else if (how === undefined) entries.set(path, { mode, oid: id });
    else {
      assertNoOtherFilter(path, how);
      const file = placeOf(standing.folder, path);
      const needed = await storingOf(file, stat.size, how);
      if (needed === undefined) entries.set(path, { mode, oid: id });
      else toStore.push({ path, mode, file, storing: needed, base: ofBase?.oid });
    }
  }
  if (toStore.length > 0) {
    const ids = await store(standing.place, standing.beside, await standing.lfsFolder(), toStore);
    for (const [index, { path, mode }] of toStore.entries()) entries.set(path, { mode, oid: ids[index] ?? '' });
  }
  for (const [path, { mode, oid }] of entries) {
    const { mode: known, oid: same } = fileIn(base.entries, path) ?? {};
    if (same === oid && known === mode) entries.set(path, (await entryIn(standing.objects, base.tree, path)) ?? { mode, oid });
  }
  return entries;
}

function fileIn(entries: Entries, path: string): Entry | undefined {
  const entry = entries.get(path);
  return entry?.mode === GITLINK ? undefined : entry;
}

/** The bytes that a checkout of the base has for these files, where they are not those in the tree. */
async function idsOfBase({ checkedOut, beside }: Standing, base: Base, paths: readonly string[]): Promise<Map<string, string>> {
  const storing = await base.of(paths);
  const files = paths.flatMap((path) => {
    const [entry, how] = [fileIn(base.entries, path), storing.get(path)];
    return entry === undefined || entry.mode === LINK || how === undefined || !how.changesOutput
      ? []
      : [{ path, oid: entry.oid, storing: how }];
  });
  const ids = await checkedOut.ids(beside, files);
  return new Map(files.map(({ path }, index) => [path, ids[index] ?? '']));
}

/** A file that something still wrote to while it was taken has other bytes in the store. */
async function assertStored({ objects, folder }: Standing, stored: Entries): Promise<void> {
  const found = await Promise.all([...stored].map(async ([path, { oid }]) => [path, await objects.find(oid)] as const));
  const lost = found.find(([, object]) => object === undefined);
  if (lost !== undefined) throw new Error(`work tree ${folder}: ${readable(lost[0])} was written to while it was taken`);
}

/** What no rule of the tree ignores, but one that the user keeps for themselves. */
async function ignoredByUser({ index }: Standing, ownIgnores: readonly string[]): Promise<LeftOut[]> {
  if (ownIgnores.length === 0) return [];
  const [all, taken] = [await index.news([], true), new Set(await index.news(ownIgnores, true))];
  return all
    .filter((path) => !taken.has(path))
    .map((path) => ({ path: Buffer.from(path, 'latin1').toString('utf8'), why: "ignored by the user's own git rules" }));
}

function inSubmodules(folder: string, entries: Entries): LeftOut[] {
  const look = looker(folder);
  return [...entries]
    .filter(([path, { mode }]) => mode === GITLINK && look(path)?.isDirectory() === true && readdirSync(placeOf(folder, path)).length > 0)
    .map(([path]) => ({ path: Buffer.from(path, 'latin1').toString('utf8'), why: 'in the folder of a submodule' }));
}
