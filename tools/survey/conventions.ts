/** What a repository says about how it wants to be worked on: `AGENTS.md` and its like, those nearest to the touched paths first. */
import type { Repository, TreeEntry } from '../../domain/workspace.ts';
import { staticPrefix } from '../globs.ts';
import { baseOf, folderOf, isGenerated } from './kinds.ts';
import { readText } from './read-text.ts';
import { shorten } from './shorten.ts';

export interface Convention {
  readonly path: string;
  /** Other files with the same text. */
  readonly sameAs: readonly string[];
  /** Shortened where it was too long. */
  readonly text: string;
}

export interface Conventions {
  /** Where they differ, the earlier one is nearer. */
  readonly shown: readonly Convention[];
  /** Those of other folders. */
  readonly elsewhere: readonly string[];
  /** Files that were not taken, each with the reason. */
  readonly skipped: readonly string[];
}

interface Asked {
  /** Globs of what is going to be touched; the top folder's apply always. */
  readonly near: readonly string[];
  /** For all texts together. */
  readonly bytes: number;
  /** Masks secrets; before a text is shortened, for half of one is not known any more. */
  readonly redact: (text: string) => string;
}

/** Longest single text, in bytes: two pages of prose hold a house's rules, and a novel must not push out the others. */
const FILE_BYTES = 8 * 1024;
/** A text that would get less is only named, in bytes. */
const LEAST_BYTES = 300;
/** How many are read, and how many paths of others are named. */
const FILES = 8;
const ELSEWHERE = 20;

interface Found {
  readonly entry: TreeEntry;
  /** The folder that it speaks of. */
  readonly folder: string;
  /** Its place among the kinds. `CONTRIBUTING` is written for people and long, so it comes after all others. */
  readonly kind: number;
}

const CONTRIBUTING = 3;

/** Imports such as `@docs/style.md` are not followed: a page cannot pull in whatever it names. */
export async function readConventions(
  repository: Pick<Repository, 'blob' | 'blobBytes'>,
  entries: readonly TreeEntry[],
  { near, bytes, redact }: Asked,
): Promise<Conventions> {
  const prefixes = near.map(staticPrefix);
  const applies = ({ folder }: Found): boolean =>
    folder === '' || prefixes.some((prefix) => prefix === folder || prefix.startsWith(`${folder}/`));
  const found = entries.flatMap(foundIn);
  const nearest = found.filter(applies).toSorted(byNearness);
  const shown: { path: string; sameAs: string[]; text: string; full: string }[] = [];
  const skipped: string[] = [];
  let left = bytes;
  for (const { entry } of nearest.slice(0, FILES)) {
    const read = await readText(repository, entry);
    if (read.kind === 'skipped') {
      skipped.push(`${entry.path} (${read.why})`);
      continue;
    }
    const full = redact(read.text.trim());
    const same = shown.find((other) => other.full === full || isOnlyImport(full, entry.path, other.path));
    if (same !== undefined) same.sameAs.push(entry.path);
    else if (full !== '' && left < LEAST_BYTES) skipped.push(`${entry.path} (no room is left for it; read it)`);
    else if (full !== '') {
      const text = shorten(full, Math.min(FILE_BYTES, left));
      left -= Buffer.byteLength(text);
      shown.push({ path: entry.path, sameAs: [], text, full });
    }
  }
  const further = [...nearest.slice(FILES), ...found.filter((one) => !applies(one) && one.kind !== CONTRIBUTING)];
  return {
    shown: shown.map(({ path, sameAs, text }) => ({ path, sameAs, text })),
    elsewhere: further.slice(0, ELSEWHERE).map(({ entry }) => entry.path),
    skipped,
  };
}

function foundIn(entry: TreeEntry): Found[] {
  const { path } = entry;
  if (isGenerated(path)) return [];
  const folder = folderOf(path);
  const name = baseOf(path).toLowerCase();
  if (name === 'agents.md') return [{ entry, folder, kind: 0 }];
  if (name === 'claude.md') return [{ entry, folder, kind: 1 }];
  const aside = baseOf(folder).toLowerCase();
  if (name === 'copilot-instructions.md' && aside === '.github') return [{ entry, folder: folderOf(folder), kind: 2 }];
  if (!/^contributing(?:\.(?:md|rst|txt))?$/.test(name)) return [];
  return [{ entry, folder: aside === 'docs' || aside === '.github' ? folderOf(folder) : folder, kind: CONTRIBUTING }];
}

/** `@AGENTS.md` alone in a `CLAUDE.md` beside it says the same as that file. */
const isOnlyImport = (text: string, path: string, other: string): boolean =>
  folderOf(path) === folderOf(other) && /^@(?:\.\/)?\S+$/.test(text) && text.replace(/^@(?:\.\/)?/, '') === baseOf(other);

function byNearness(one: Found, other: Found): number {
  const late = Number(one.kind === CONTRIBUTING) - Number(other.kind === CONTRIBUTING);
  const depth = (found: Found): number => (found.folder === '' ? 0 : found.folder.split('/').length);
  return late || depth(other) - depth(one) || one.kind - other.kind || (one.entry.path < other.entry.path ? -1 : 1);
}
