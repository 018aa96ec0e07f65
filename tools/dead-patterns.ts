/** Patterns of `protect` and `deny` that name no file: where each stands, and what was probably meant. */
import picomatch from 'picomatch';
import type { Config } from '../domain/config.ts';
import { pathMatcher, patternFault } from '../domain/patterns.ts';
import { ruleMatcher } from './globs.ts';

export interface DeadPattern {
  readonly pattern: string;
  /** Such as `protect "money"`. */
  readonly rule: string;
  /** Where it stands in the configuration. */
  readonly at: readonly (string | number)[];
  /** What was probably meant, with what that names. */
  readonly meant?: string;
}

/** For so many patterns it is looked what was meant, among so many files: each guess is matched with all of them. */
const GUESSED = 10;
const GUESS_FILES = 20_000;

/** Red lines by default name what most repositories do not have, and are no part of this. */
export function deadPatterns(
  { protect, deny, patterns }: Pick<Config, 'protect' | 'deny' | 'patterns'>,
  files: readonly string[],
): DeadPattern[] {
  const named = (['protect', 'deny'] as const).flatMap((list) =>
    ({ protect, deny })[list].flatMap((rule, index) =>
      rule.paths.map((pattern, place) => ({ pattern, rule: `${list} "${rule.id}"`, at: [list, index, 'paths', place] })),
    ),
  );
  const dead = named.filter(({ pattern }) => !files.some(ruleMatcher([pattern], patterns)));
  const some = files.slice(0, GUESS_FILES);
  return dead.map((one, index) => {
    const meant = index < GUESSED ? guess(one.pattern, some) : undefined;
    return { ...one, ...(meant === undefined ? {} : { meant }) };
  });
}

/** One line for people. `place`: the file and line of a pattern. */
export const deadPatternLine = ({ pattern, rule, at, meant }: DeadPattern, place: (at: DeadPattern['at']) => string): string =>
  `${place(at)}: ${rule}: pattern ${JSON.stringify(pattern)} names no file of the base${meant === undefined ? '' : `; ${meant}`}`;

/** The first reading that names a file. */
function guess(pattern: string, files: readonly string[]): string | undefined {
  for (const reading of readings(pattern, files)) {
    if (reading === pattern || patternFault(reading) !== undefined) continue;
    const found = files.find(pathMatcher([reading], { folded: true }));
    if (found !== undefined) return `${JSON.stringify(reading)} would name ${JSON.stringify(found)}`;
  }
  return otherLanguage(pattern, files);
}

/** From what is forgotten most often to what is mistyped. */
function* readings(pattern: string, files: readonly string[]): Generator<string> {
  const plain = pattern.trim().replaceAll('\\', '/');
  const parts = plain.split('/');
  yield plain;
  yield plain.replace(/(^|\/)\*\*(?=[^/])/g, '$1**/*');
  yield `**/${plain}`;
  yield plain.replace(/\*$/, '**');
  const names = new Set(files.flatMap((file) => file.split('/')));
  const mended = parts.map((part) => (isWild(part) || names.has(part) ? part : (nearest(part, names) ?? part)));
  yield mended.join('/');
  yield `**/${mended.join('/')}`;
  for (let skipped = 1; skipped < parts.length; skipped += 1) {
    const rest = parts.slice(skipped);
    if (rest.some((part) => /[^*?]/.test(part))) yield `**/${rest.join('/')}`;
  }
}

const isWild = (part: string): boolean => part === '' || /[*?]/.test(part);

/** Alternatives, sets and exceptions of another pattern language. */
function otherLanguage(pattern: string, files: readonly string[]): string | undefined {
  // The other matcher goes back at each star: with many it would take for ever.
  if (!/[{}()[\]!]/.test(pattern) || pattern.split('*').length > 6) return undefined;
  const names = picomatch(pattern, { dot: true, nocase: true });
  const found = files.find((file) => names(file));
  return found === undefined
    ? undefined
    : `as other tools read it, it names ${JSON.stringify(found)}; here only *, ** and ? are special, so write one pattern for each`;
}

/** The name that differs in one letter, or in two of a longer one. */
function nearest(word: string, names: ReadonlySet<string>): string | undefined {
  const most = word.length < 6 ? 1 : 2;
  let best: string | undefined;
  let least = most + 1;
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Letters put in, left out or replaced (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1)
      next.push(Math.min((row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1, (row[at] ?? 0) + (letter === other[at] ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
