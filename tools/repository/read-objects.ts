/** What is asked of trees, files and commits. */
import type { LargeChange, PatchOf, TreeEntry } from '../../domain/workspace.ts';
import { parseChanges, rawChanges } from '../diff.ts';
import { GitError, type GitResult } from '../git.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Listings } from '../trees/listings.ts';
import type { Asked } from './answers.ts';
import { ours, type Part, type RepositoryPlace, wordsOf } from './place.ts';

/** A path as it stands in a tree. A name of many lines cannot be asked for, and `tree:./a` is another question than `a`. */
const isPlain = (file: string): boolean => !file.includes('\n') && file.split('/').every((part) => !['', '.', '..'].includes(part));

const RAW = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '-M50%', '-l0'];
const COUNTED = ['diff-tree', '-r', '-z', '--numstat', '--no-renames'];
const PATCH = ['diff-tree', '-r', '-p', '--full-index', '-M50%', '--no-color', '--no-ext-diff', '--no-textconv'];

/** The ways to objects that all of a repository's parts share. */
export interface ReadBy {
  readonly objects: ObjectReader;
  readonly listings: Listings;
  readonly asked: Asked;
}

export function readObjects(
  place: RepositoryPlace,
  { objects, listings, asked }: ReadBy,
): Part<
  'treeOf' | 'listTree' | 'readFile' | 'blob' | 'blobBytes' | 'diff' | 'countLines' | 'largeChanges' | 'patch' | 'isAncestor' | 'close'
> {
  const blob = async (oid: string): Promise<Buffer> => {
    const found = await objects.read(oid);
    if (found?.type !== 'blob') throw new GitError(`git cat-file: ${oid} is no blob of ${place.path}`, null);
    return found.content;
  };
  return {
    treeOf: async (id) => {
      const tree = await listings.treeOf(id);
      if (tree === undefined) throw new GitError(`git cat-file: ${id} has no tree in ${place.path}`, null);
      return tree;
    },
    listTree: async (treeish) => entriesIn(await listings.list(treeish)),
    readFile: async (treeish, file) => {
      if (isPlain(file)) {
        const found = await objects.read(`${treeish}:${file}`);
        if (found !== undefined) return found.type === 'blob' ? found.content : undefined;
        if ((await objects.find(`${treeish}^{tree}`)) !== undefined) return undefined;
        // No such tree: git says so.
      }
      const row = (await ours(place, ['ls-tree', '-z', '--full-tree', treeish, '--', file])).stdout.toString('utf8');
      const match = /^(100644|100755|120000) blob ([0-9a-f]+)\t/.exec(row);
      return match === null ? undefined : blob(match[2] ?? '');
    },
    blob,
    blobBytes: async (oid) => {
      const found = await objects.find(oid);
      if (found?.type !== 'blob') throw new GitError(`git cat-file: ${oid} is no blob of ${place.path}`, null);
      return found.bytes;
    },
    diff: async (from, to) => {
      const raw = (await asked([...RAW, from, to], [from, to])).stdout;
      return parseChanges(raw, async (oid) => {
        const digest = await objects.digest(oid);
        if (digest === undefined) throw new GitError(`git cat-file: ${oid} is no blob of ${place.path}`, null);
        return digest;
      });
    },
    countLines: async (from, to) =>
      wordsOf(await asked([...COUNTED, from, to], [from, to])).reduce((sum, row) => {
        const match = /^(\d+)\t(\d+)\t/.exec(row);
        return match === null ? sum : sum + Number(match[1]) + Number(match[2]);
      }, 0),
    largeChanges: async (from, to, limit) => largeOf((await asked([...RAW, from, to], [from, to])).stdout, limit, objects),
    patch: async (from, to, of = {}) => (await patchOf(place, asked, { from, to, ...of })).stdout,
    isAncestor: async (ancestor, descendant) =>
      (await ours(place, ['merge-base', '--is-ancestor', ancestor, descendant], { okCodes: [1, 128] })).code === 0,
    close: objects.end,
  };
}

/** The rows of `git ls-tree -z`. */
const entriesIn = (listing: Buffer): TreeEntry[] =>
  listing
    .toString('utf8')
    .split('\0')
    .flatMap((row) => {
      const match = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(row);
      return match === null ? [] : [{ mode: match[1] ?? '', oid: match[2] ?? '', path: match[3] ?? '' }];
    });

async function patchOf(
  place: RepositoryPlace,
  asked: Asked,
  { from, to, path, binary = true, without = [] }: PatchOf & { readonly from: string; readonly to: string },
): Promise<Pick<GitResult, 'stdout'>> {
  const flags = [...PATCH, ...(binary ? ['--binary'] : []), from, to];
  if (without.length === 0) return asked([...flags, ...(path === undefined ? [] : ['--', path])], [from, to]);
  const pathspecs = [path === undefined ? ':(top)' : `:(top,literal)${path}`, ...without.map((one) => `:(top,exclude,literal)${one}`)];
  return ours(place, [...flags, '--', ...pathspecs], { env: { GIT_LITERAL_PATHSPECS: '0' } });
}

async function largeOf(raw: Buffer, limit: number, objects: Pick<ObjectReader, 'find'>): Promise<LargeChange[]> {
  const sizeOf = async (oid: string): Promise<number> => (/^0+$/.test(oid) ? 0 : ((await objects.find(oid))?.bytes ?? 0));
  const sized = rawChanges(raw).map(async ({ path, from, before, after }) => ({
    path,
    ...(from === undefined ? {} : { from }),
    bytes: Math.max(await sizeOf(before), await sizeOf(after)),
  }));
  return (await Promise.all(sized)).filter(({ bytes }) => bytes > limit);
}
