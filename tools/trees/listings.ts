/** The tree of a commit and the listing of a tree, asked once: neither changes, and every stage stands on the same few. */
import type { ObjectReader } from '../object-reader.ts';
import { type Asked, isId } from '../repository/answers.ts';

export interface Listings {
  /** Undefined: there is none. */
  treeOf(id: string): Promise<string | undefined>;
  /** `git ls-tree -r -z` of a tree or a commit. */
  list(treeish: string): Promise<Buffer>;
}

/** Commits whose trees are remembered. */
const MAX_KNOWN = 1000;

export function createListings(objects: ObjectReader, asked: Asked): Listings {
  const known = new Map<string, string>();
  return {
    treeOf: async (id) => {
      const tree = known.get(id) ?? (await objects.find(`${id}^{tree}`))?.oid;
      if (known.size >= MAX_KNOWN) known.clear();
      if (tree !== undefined && isId(id)) known.set(id, tree);
      return tree;
    },
    list: async (treeish) => {
      // By its tree, where that is known: another stage has asked by it.
      const tree = known.get(treeish) ?? treeish;
      return (await asked(['ls-tree', '-r', '-z', '--full-tree', tree], [tree])).stdout;
    },
  };
}
