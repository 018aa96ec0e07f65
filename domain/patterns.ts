/** THE PATTERN LANGUAGE: which paths a pattern names, in protect, deny, plans, tasks and tools alike. `docs/patterns.md` is its page. */

/** How a path is compared. `folded`: without case and Unicode form, for what must hold on any file system. */
export interface PatternOptions {
  readonly folded?: boolean;
}

/** What is special in a name; everything else stands for itself. */
const WILD = /[*?]/;

/**
 * What is wrong with a pattern, with the mend; undefined when it can be used.
 * @example `patternFault('/src')` says to write `src`.
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern === '' || pattern === '/') return 'a pattern may not be empty; "**" means every path';
  if (pattern.includes('\0')) return 'a pattern has no NUL';
  if (pattern.startsWith('/'))
    return `patterns start at the repository root without "/": write ${JSON.stringify(pattern.replace(/^\/+/, ''))}`;
  const parts = partsOf(pattern);
  if (parts.includes('..')) return 'a pattern has no ".."; name the path from the repository root';
  if (parts.includes('.')) return `a pattern has no "."; write ${JSON.stringify(parts.filter((part) => part !== '.').join('/') || '**')}`;
  if (parts.includes('')) return `a pattern has no "//"; write ${JSON.stringify(parts.filter((part) => part !== '').join('/'))}`;
  return undefined;
}

/** How other languages write alternatives and exceptions; here they would be names that no file has. */
const OTHER_LANGUAGE = /^!|\{[^/{}]*,[^/{}]*\}|[@!+?*]\([^/()]*\)/;

/** What is wrong with the patterns that an agent wrote, each with its mend: also what only another pattern language has. */
export function faultsOf(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const fault =
      patternFault(pattern) ??
      (OTHER_LANGUAGE.test(pattern)
        ? 'only *, ** and ? are special in a pattern, so this names one odd file: list each path as a pattern of its own'
        : undefined);
    return fault === undefined ? [] : [`${JSON.stringify(pattern)}: ${fault}`];
  });
}

/**
 * True for paths that one of the patterns names: no pattern, no path.
 *
 * A pattern starts at the repository root. `*` is any part of a name, `?` one character of it, `**` as a whole name any number of
 * folders, none included. A pattern whose last name is written out, or that ends in `/`, names a file of that name and all below a folder
 * of that name; one that ends in a wildcard names what it matches and nothing below. Everything else is literal: brackets, braces, `!`.
 */
export function pathMatcher(patterns: readonly string[], { folded = false }: PatternOptions = {}): (path: string) => boolean {
  const form = folded ? foldedForm : composedForm;
  const all = patterns.map((pattern) => partsOf(form(pattern)).map(partMatcher));
  const below = patterns.map((pattern) => pattern.endsWith('/') || !WILD.test(partsOf(pattern).at(-1) ?? ''));
  return (path) => {
    const names = form(path).split('/');
    return all.some((parts, index) => matches(parts, names, below[index] === true));
  };
}

/**
 * True for folders in which one of the patterns may name something: a link put there would bring files to places that the pattern names.
 * A name of the pattern's own must have been reached; that `**` may be any folder says nothing of one.
 * @example `folderMatcher(['.github/workflows/**', '**\/.cargo/config'])` names `.github` and `a/.cargo`, neither `a` nor `docs`.
 */
export function folderMatcher(patterns: readonly string[], { folded = false }: PatternOptions = {}): (path: string) => boolean {
  const form = folded ? foldedForm : composedForm;
  const all = patterns.map((pattern) => partsOf(form(pattern)).map(partMatcher));
  return (path) => {
    const names = form(path).split('/');
    return all.some((parts) => {
      const first = parts.findIndex((part) => part !== undefined);
      return first >= 0 && parts.some((_part, index) => index > first && matches(parts.slice(0, index), names, false));
    });
  };
}

/** Whatever composition an editor or a file system gives a name. */
const composedForm = (text: string): string => text.normalize('NFC');

/** Upper case first, since several letters have one lower case only from there (`ſ`, the Kelvin sign). */
const foldedForm = (text: string): string => text.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');

/** A trailing slash adds no name. */
const partsOf = (pattern: string): string[] => pattern.replace(/\/$/, '').split('/');

/** Undefined: `**`. */
type Part = ((name: string) => boolean) | undefined;

function partMatcher(part: string): Part {
  if (part === '**') return undefined;
  if (!WILD.test(part)) return (name) => name === part;
  const pieces = Array.from(part);
  return (name) => matchesName(pieces, Array.from(name));
}

/** One name against `*` and `?`, in time proportional to both: only the last `*` is ever come back to. */
function matchesName(pieces: readonly string[], name: readonly string[]): boolean {
  let [piece, at] = [0, 0];
  let star = -1;
  let from = 0;
  while (at < name.length) {
    if (pieces[piece] === '*') [star, from, piece] = [piece, at, piece + 1];
    else if (pieces[piece] === '?' || pieces[piece] === name[at]) [piece, at] = [piece + 1, at + 1];
    else if (star >= 0) [piece, from, at] = [star + 1, from + 1, from + 1];
    else return false;
  }
  while (pieces[piece] === '*') piece += 1;
  return piece === pieces.length;
}

/** All names, or with `below` a beginning of them that ends at a folder; `**` is any number of names. */
function matches(parts: readonly Part[], names: readonly string[], below: boolean): boolean {
  // Which numbers of names the parts so far can stand for.
  let reached = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    if (part === undefined) {
      const first = Math.min(...reached);
      for (let count = first; count <= names.length; count += 1) next.add(count);
    } else for (const count of reached) if (count < names.length && part(names[count] ?? '')) next.add(count + 1);
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(names.length) || (below && reached.size > 0);
}
