/** How near a file is to a goal, judged by its path: the goal's words, the planned paths, its kind and its neighbours. */
import { pathMatcher } from '../../domain/patterns.ts';
import { baseOf, type FileKind, folderOf, kindOf } from './kinds.ts';

export interface Wanted {
  /** In the words of the person who asked. */
  readonly goal: string;
  /** Globs that the work is about; may be none. */
  readonly near: readonly string[];
}

/** Words of goals that name no file. */
const EMPTY_WORDS = new Set(
  'the and for with that this from into not are was has have had but its all any can could should would must when where which what who how add adds added fix fixes fixed make makes use uses using new change changes update remove support implement please need needs code file files bug feature issue error also only instead without'.split(
    ' ',
  ),
);
const LEAST_WORD = 3;
/** Shared start from which two words are taken for forms of one (parse, parser), and how much longer one may be. */
const LEAST_STEM = 4;
const LONGER = 3;

const KIND_SCORE: Readonly<Record<FileKind, number>> = { source: 3, test: 2.5, settings: 1.5, prose: 1.5, other: 0.3, generated: -6 };
/** For a path or a file name that stands in the goal as it is. */
const NAMED = 20;
const PLANNED = 12;
const NEIGHBOUR_SHARE = 0.3;
const DEPTH_COST = 0.15;
/** A word in the file's own name says more than one in a folder's. */
const BASE_FACTOR = 2;

/** A score for each path, in their order; higher is nearer. Linear in the paths. */
export function relevanceOf(paths: readonly string[], wanted: Wanted): number[] {
  const words = [...new Set(wordsOf(wanted.goal).filter((word) => !EMPTY_WORDS.has(word)))];
  const named = new Set(wanted.goal.match(/[\p{L}\p{N}_./@-]*[\p{L}\p{N}_-]\.[\p{L}\p{N}]+/gu)?.map((name) => name.replace(/^\.?\//, '')));
  const planned = pathMatcher(wanted.near);
  const hits = hitsIn(paths, words);
  const own = paths.map((path, index) => {
    const isNamed = named.has(path) || named.has(baseOf(path));
    return (hits[index] ?? 0) + (isNamed ? NAMED : 0) + (planned(path) ? PLANNED : 0);
  });
  const best = new Map<string, number>();
  for (const [index, path] of paths.entries()) best.set(folderOf(path), Math.max(best.get(folderOf(path)) ?? 0, own[index] ?? 0));
  return paths.map((path, index) => {
    const neighbours = (best.get(folderOf(path)) ?? 0) * NEIGHBOUR_SHARE;
    return KIND_SCORE[kindOf(path)] + Math.max(own[index] ?? 0, neighbours) - DEPTH_COST * (path.split('/').length - 1);
  });
}

/** What the words of the goal say of each path: a word that names few files says more than one that names many. */
function hitsIn(paths: readonly string[], words: readonly string[]): number[] {
  const matchesOf = new Map<string, readonly number[]>();
  const matches = (token: string): readonly number[] => {
    const known = matchesOf.get(token);
    if (known !== undefined) return known;
    const found = words.flatMap((word, index) => (isForm(word, token) ? [index] : []));
    matchesOf.set(token, found);
    return found;
  };
  const counts = words.map(() => 0);
  const inFolders = new Map<string, readonly number[]>();
  const inFolder = (folder: string): readonly number[] => {
    const known = inFolders.get(folder);
    if (known !== undefined) return known;
    const found = wordsOf(folder).flatMap(matches);
    inFolders.set(folder, found);
    return found;
  };
  const found = paths.map((path) => {
    const inBase = new Set(wordsOf(baseOf(path)).flatMap(matches));
    const all = new Set([...inFolder(folderOf(path)), ...inBase]);
    for (const index of all) counts[index] = (counts[index] ?? 0) + 1;
    return [...all].map((index) => ({ index, factor: inBase.has(index) ? BASE_FACTOR : 1 }));
  });
  const weights = counts.map((count) => Math.log(1 + paths.length / Math.max(1, count)));
  return found.map((hits) => hits.reduce((sum, { index, factor }) => sum + (weights[index] ?? 0) * factor, 0));
}

/** `parseJSONFile` and `parse-json_file` are the same words. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= LEAST_WORD);
}

function isForm(one: string, other: string): boolean {
  if (one === other) return true;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  if (long.length - short.length > LONGER) return false;
  const stem = short.replace(/(?:e|y)$/, '');
  return stem.length >= LEAST_STEM && long.startsWith(stem);
}
