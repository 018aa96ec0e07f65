/** A repository's files as a tree of few lines, the most relevant first; folders that are not opened tell how many files they hold. */
import { visible } from '../../domain/access.ts';
import type { TreeEntry } from '../../domain/workspace.ts';
import { relevanceOf, type Wanted } from './relevance.ts';

export interface TreeCaps {
  readonly lines: number;
  readonly bytes: number;
}

/** The part of the lines that the top folder's own entries may take before anything is opened. */
const OVERVIEW_SHARE = 1 / 3;
/** How many files of one folder are shown before others had their turn. */
const FIRST_FILES = 12;
/** How many files are ranked, in the order of their paths: some 10 microseconds each, while nothing else can be done. */
const RANKED_FILES = 100_000;
/** Longest name shown, in characters. */
const NAME_CHARACTERS = 100;
/** What the counts behind a folder's name may take, in bytes. */
const COUNT_BYTES = 28;

interface Leaf {
  readonly name: string;
  /** Stands behind the name of what is no file. */
  readonly kind: string;
  readonly score: number;
  readonly parent: Folder;
  shown: boolean;
}

interface Folder {
  readonly name: string;
  readonly depth: number;
  readonly parent: Folder | undefined;
  readonly folders: Map<string, Folder>;
  readonly files: Leaf[];
  /** Of all files under it. */
  count: number;
  best: number;
  shown: boolean;
  shownFiles: number;
  /** Of its own files those that are shown. */
  opened: number;
}

/** The same entries and the same goal give the same text. */
export function fileTree(all: readonly Pick<TreeEntry, 'path' | 'mode'>[], wanted: Wanted, caps: TreeCaps): string {
  const entries = all.slice(0, RANKED_FILES);
  const scores = relevanceOf(
    entries.map((entry) => entry.path),
    wanted,
  );
  const root = newFolder('', undefined);
  const leaves = entries.map((entry, index) => plant(root, entry, scores[index] ?? 0));
  open(root, leaves.toSorted(byRank), caps);
  const left = all.length > entries.length ? `; only the first ${entries.length} are in this tree` : '';
  const shown = root.shownFiles < all.length ? `, ${root.shownFiles} of them shown` : '';
  return [`${all.length} files${shown}${left}`, ...linesOf(root, 0)].join('\n');
}

const newFolder = (name: string, parent: Folder | undefined): Folder => ({
  name,
  depth: parent === undefined ? -1 : parent.depth + 1,
  parent,
  folders: new Map(),
  files: [],
  count: 0,
  best: Number.NEGATIVE_INFINITY,
  shown: parent === undefined,
  shownFiles: 0,
  opened: 0,
});

function plant(root: Folder, { path, mode }: Pick<TreeEntry, 'path' | 'mode'>, score: number): Leaf {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let at = root;
  for (const part of parts) {
    let next = at.folders.get(part);
    if (next === undefined) {
      next = newFolder(part, at);
      at.folders.set(part, next);
    }
    at = next;
  }
  const kind = mode === '120000' ? ' (link)' : mode === '160000' ? ' (submodule)' : '';
  const leaf: Leaf = { name, kind, score, parent: at, shown: false };
  at.files.push(leaf);
  for (let folder: Folder | undefined = at; folder !== undefined; folder = folder.parent) {
    folder.count += 1;
    folder.best = Math.max(folder.best, score);
  }
  return leaf;
}

/** First what lies at the top, then file by file with the folders that lead there, while lines and bytes are left. */
function open(root: Folder, ranked: readonly Leaf[], caps: TreeCaps): void {
  let { lines, bytes } = caps;
  const take = (nodes: readonly (Folder | Leaf)[]): boolean => {
    const size = nodes.reduce((sum, node) => sum + sizeOf(node), 0);
    if (nodes.length > lines || size > bytes) return false;
    lines -= nodes.length;
    bytes -= size;
    for (const node of nodes) node.shown = true;
    return true;
  };
  const openLeaf = (leaf: Leaf): void => {
    const way: Folder[] = [];
    for (let folder: Folder | undefined = leaf.parent; folder !== undefined; folder = folder.parent) way.push(folder);
    if (!take([...way.filter((folder) => !folder.shown), leaf])) return;
    for (const folder of way) folder.shownFiles += 1;
    leaf.parent.opened += 1;
  };
  const folders = [...root.folders.values()].map((node) => ({ best: node.best, name: node.name, node }));
  const files = root.files.filter(({ score }) => score > 0).map((node) => ({ best: node.score, name: node.name, node }));
  const overview = [...folders, ...files].toSorted(byBest).slice(0, Math.floor(caps.lines * OVERVIEW_SHARE));
  for (const { node } of overview)
    if ('files' in node) take([node]);
    else openLeaf(node);
  // In the second round folders with many files get what the others left.
  for (const most of [FIRST_FILES, Number.POSITIVE_INFINITY])
    for (const leaf of ranked) {
      if (lines <= 0 || bytes <= 0) return;
      if (!leaf.shown && leaf.parent.opened < most) openLeaf(leaf);
    }
}

/** Indentation, name, end of line, and for a folder its counts. */
function sizeOf(node: Folder | Leaf): number {
  return 'files' in node
    ? 2 * node.depth + Buffer.byteLength(shownName(node.name)) + COUNT_BYTES
    : 2 * (node.parent.depth + 1) + Buffer.byteLength(shownName(node.name)) + node.kind.length + 1;
}

function linesOf(folder: Folder, depth: number): string[] {
  const folders = [...folder.folders.values()].filter((one) => one.shown).map((one) => ({ best: one.best, name: one.name, node: one }));
  const files = folder.files.filter((one) => one.shown).map((one) => ({ best: one.score, name: one.name, node: one }));
  const indent = '  '.repeat(depth);
  return [...folders, ...files].toSorted(byBest).flatMap(({ node }) => {
    if (!('files' in node)) return [`${indent}${shownName(node.name)}${node.kind}`];
    const { last, name } = joined(node);
    return [`${indent}${name}/${countsOf(last)}`, ...linesOf(last, depth + 1)];
  });
}

/** A folder whose only entry is a folder stands on one line with it. */
function joined(folder: Folder): { last: Folder; name: string } {
  let last = folder;
  let name = shownName(folder.name);
  for (
    let [only] = last.folders.values();
    only?.shown === true && last.folders.size === 1 && last.files.length === 0;
    [only] = last.folders.values()
  ) {
    last = only;
    name += `/${shownName(only.name)}`;
  }
  return { last, name };
}

function countsOf({ count, shownFiles }: Folder): string {
  if (shownFiles === count) return '';
  return ` (${count} ${count === 1 ? 'file' : 'files'}${shownFiles === 0 ? '' : `, ${shownFiles} shown`})`;
}

const shownName = (name: string): string =>
  visible(name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS)}...` : name).replaceAll(/[\n\t]/g, ' ');
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const byRank = (one: Leaf, other: Leaf): number => other.score - one.score || compare(one.name, other.name);
const byBest = (one: { best: number; name: string }, other: { best: number; name: string }): number =>
  other.best - one.best || compare(one.name, other.name);
