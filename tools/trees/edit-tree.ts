/**
 * A new tree from an old one and what is different: every entry that is not named is taken over as it stands, whatever its mode, and
 * whether or not its object is there.
 */
import { type GitPlace, runGit } from '../git.ts';
import type { ObjectReader } from '../object-reader.ts';
import { type Entry, objectId, readable } from './names.ts';

/** Paths (bytes as latin1) with what is there now; null: nothing. */
export type Edits = ReadonlyMap<string, Entry | null>;

interface Named extends Entry {
  readonly name: string;
}

/** A folder of edits. */
interface Folder {
  readonly entries: Map<string, Entry | null>;
  readonly folders: Map<string, Folder>;
}

const FOLDER = '40000';
const isFolder = (mode: string): boolean => /^0?40000$/.test(mode);

/** The id of the tree; its new trees are written by one git. */
export async function editTree(place: GitPlace, objects: ObjectReader, tree: string, edits: Edits): Promise<string> {
  const made = new Map<string, readonly Named[]>();
  const edited = await editFolder({ objects, made, like: tree }, tree, foldersOf(edits));
  const result = edited ?? keep({ made, like: tree }, []);
  await write(place, made);
  return result;
}

interface Work {
  readonly objects: ObjectReader;
  /** Trees to be written, by id. */
  readonly made: Map<string, readonly Named[]>;
  readonly like: string;
}

/** The entry of a path as its tree has it: `git ls-tree` shows modes as they are written today. */
export async function entryIn(objects: ObjectReader, tree: string, path: string): Promise<Entry | undefined> {
  let at: Entry | undefined = { mode: FOLDER, oid: tree };
  for (const part of path.split('/')) {
    if (at === undefined || !isFolder(at.mode)) return undefined;
    at = (await readTree(objects, at.oid)).find(({ name }) => name === part);
  }
  return at;
}

/** Undefined: nothing is left in it. */
async function editFolder(work: Work, tree: string | undefined, edits: Folder): Promise<string | undefined> {
  const before = tree === undefined ? [] : await readTree(work.objects, tree);
  const after: Named[] = [];
  const left = new Map(edits.folders);
  for (const entry of before) {
    const edit = edits.entries.get(entry.name);
    const below = left.get(entry.name);
    left.delete(entry.name);
    // A file that stands here now leaves no room for what was below.
    if (edit !== undefined && edit !== null) continue;
    if (below !== undefined && isFolder(entry.mode)) {
      const oid = await editFolder(work, entry.oid, below);
      if (oid !== undefined) after.push(oid === entry.oid ? entry : { name: entry.name, mode: FOLDER, oid });
    } else if (below !== undefined && hasFile(below)) {
      const oid = await editFolder(work, undefined, below);
      if (oid !== undefined) after.push({ name: entry.name, mode: FOLDER, oid });
    } else if (edit === undefined) after.push(entry);
  }
  for (const [name, entry] of edits.entries) if (entry !== null) after.push({ name, ...entry });
  for (const [name, below] of left) {
    if (edits.entries.get(name) != null) continue;
    const oid = await editFolder(work, undefined, below);
    if (oid !== undefined) after.push({ name, mode: FOLDER, oid });
  }
  if (after.length === 0) return undefined;
  const same = after.length === before.length && after.every((entry, index) => entry === before[index]);
  return same && tree !== undefined ? tree : keep(work, after);
}

const hasFile = (folder: Folder): boolean =>
  [...folder.entries.values()].some((entry) => entry !== null) || [...folder.folders.values()].some(hasFile);

function foldersOf(edits: Edits): Folder {
  const top: Folder = { entries: new Map(), folders: new Map() };
  for (const [path, entry] of edits) {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let at = top;
    for (const part of parts) {
      const next = at.folders.get(part) ?? { entries: new Map(), folders: new Map() };
      at.folders.set(part, next);
      at = next;
    }
    at.entries.set(name, entry);
  }
  return top;
}

async function readTree(objects: ObjectReader, oid: string): Promise<Named[]> {
  const found = await objects.read(oid);
  if (found?.type !== 'tree') throw new Error(`tree ${oid}: is not in the repository`);
  const bytes = oid.length / 2;
  const entries: Named[] = [];
  for (let at = 0; at < found.content.length; ) {
    const space = found.content.indexOf(0x20, at);
    const end = found.content.indexOf(0, space);
    entries.push({
      mode: found.content.toString('latin1', at, space),
      name: found.content.toString('latin1', space + 1, end),
      oid: found.content.toString('hex', end + 1, end + 1 + bytes),
    });
    at = end + 1 + bytes;
  }
  return entries;
}

/** Git's order: a folder stands where its name with a slash would. */
const sortName = ({ name, mode }: Named): string => (isFolder(mode) ? `${name}/` : name);

function keep({ made, like }: Pick<Work, 'made' | 'like'>, entries: readonly Named[]): string {
  const sorted = entries.toSorted((a, b) => (sortName(a) < sortName(b) ? -1 : sortName(a) > sortName(b) ? 1 : 0));
  const content = Buffer.concat(
    sorted.map(({ mode, name, oid }) =>
      Buffer.concat([Buffer.from(`${mode.replace(/^0/, '')} ${name}\0`, 'latin1'), Buffer.from(oid, 'hex')]),
    ),
  );
  const oid = objectId('tree', content, like);
  made.set(oid, sorted);
  return oid;
}

async function write(place: GitPlace, made: ReadonlyMap<string, readonly Named[]>): Promise<void> {
  if (made.size === 0) return;
  const row = ({ mode, name, oid }: Named): string =>
    `${mode.padStart(6, '0')} ${isFolder(mode) ? 'tree' : mode === '160000' ? 'commit' : 'blob'} ${oid}\t${name}\0`;
  const stdin = Buffer.from([...made.values()].map((entries) => `${entries.map(row).join('')}\0`).join(''), 'latin1');
  const { stdout } = await runGit(['mktree', '--batch', '--missing', '-z'], { ...place, stdin });
  const written = stdout.toString().split('\n').filter(Boolean);
  const [wrong] = [...made.keys()].filter((oid, index) => written[index] !== oid);
  if (wrong !== undefined)
    throw new Error(
      `git mktree: wrote other trees than ${wrong}, with ${made
        .get(wrong)
        ?.map(({ name }) => readable(name))
        .join(', ')}`,
    );
}
