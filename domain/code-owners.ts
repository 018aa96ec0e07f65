/**
 * CODEOWNERS as red lines: what each line owns, in our own pattern language. Where a line has no exact counterpart it owns more, never
 * less: what owns is widened, and what takes ownership away counts only where it can be said exactly. Sources: GitHub, "About code
 * owners"; GitLab, "Syntax of CODEOWNERS file".
 */
import { folderMatcher, pathMatcher } from './patterns.ts';

export const CODE_OWNERS_HOSTS = ['github', 'gitlab'] as const;
export type CodeOwnersHost = (typeof CODE_OWNERS_HOSTS)[number];

/** Where each looks, first one first; the others are not read. */
export const CODE_OWNERS_PLACES: Readonly<Record<CodeOwnersHost, readonly string[]>> = {
  github: ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'],
  gitlab: ['CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS'],
};

/** GitHub loads no larger file, in bytes. */
export const CODE_OWNERS_BYTES = 3 * 1024 * 1024;

/** One line that owns paths, takes ownership away, or (GitLab's `!`) takes it away for good in its section. */
export interface OwnerRule {
  readonly line: number;
  /** As it is written. */
  readonly written: string;
  readonly effect: 'owned' | 'unowned' | 'excluded';
  readonly owners: readonly string[];
  /** Each section of GitLab's has its say; GitHub has one. */
  readonly section: string;
  /** How many of its owners must approve. */
  readonly min: number;
  /** In our language: what it names, and what of that it does not. */
  readonly names: readonly string[];
  readonly butNot: readonly string[];
}

export interface CodeOwners {
  readonly rules: readonly OwnerRule[];
  /** What could not be taken as it is written, one line each. */
  readonly notes: readonly string[];
}

/** The lines of a file. Never throws: a line that says nothing is a note. */
export function parseCodeOwners(text: string, host: CodeOwnersHost): CodeOwners {
  const rules: OwnerRule[] = [];
  const notes: string[] = [];
  let section: Section = { name: '', min: 1, owners: [] };
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = whole.trim();
    if (line === '' || line.startsWith('#')) continue;
    const header = host === 'gitlab' ? sectionOf(line) : undefined;
    if (header !== undefined) {
      section = header;
      continue;
    }
    const { rule, note } = host === 'gitlab' ? gitlabRule(line, section) : githubRule(line);
    if (rule !== undefined) rules.push({ ...rule, line: index + 1 });
    if (note !== undefined) notes.push(`line ${index + 1}: ${note}`);
  }
  return { rules, notes };
}

/** The rules that own a path: the last one that names it, in each section. */
export function ownersOf({ rules }: Pick<CodeOwners, 'rules'>): (path: string) => OwnerRule[] {
  const sections = new Map<string, { readonly rule: OwnerRule; readonly names: (path: string) => boolean }[]>();
  for (const rule of rules) sections.set(rule.section, [...(sections.get(rule.section) ?? []), { rule, names: ruleMatcher(rule) }]);
  return (path) =>
    [...sections.values()].flatMap((section) => {
      const found = section.filter(({ names }) => names(path)).map(({ rule }) => rule);
      const last = found.at(-1);
      return last?.effect === 'owned' && !found.some(({ effect }) => effect === 'excluded') ? [last] : [];
    });
}

/** Rules that own something in a folder of this path: a link in its place brings files there that stand elsewhere. */
export function ownersIn({ rules }: Pick<CodeOwners, 'rules'>): (path: string) => OwnerRule[] {
  const owning = rules
    .filter(({ effect }) => effect === 'owned')
    .map((rule) => ({ rule, isAbove: folderMatcher(rule.names, { folded: true }) }));
  return (path) => owning.filter(({ isAbove }) => isAbove(path)).map(({ rule }) => rule);
}

/** What owns does so whatever the case and Unicode form, as every red line; what takes away only by the very name. */
function ruleMatcher({ effect, names, butNot }: OwnerRule): (path: string) => boolean {
  const [named, not] = [pathMatcher(names, { folded: effect === 'owned' }), pathMatcher(butNot)];
  return (path) => named(path) && !not(path);
}

interface Section {
  readonly name: string;
  readonly min: number;
  readonly owners: readonly string[];
}

/** More cannot be asked for (`protect[].approvers.min`). */
const MOST_APPROVALS = 10;

/** `[Name]`, `^[Name]`, `[Name][2] @owner`. An optional one is asked for too, as GitLab does for what is pushed and not requested. */
function sectionOf(line: string): Section | undefined {
  const match = /^\^?\[([^\]]+)\](?:\[(\d+)\])?(?:\s+(.*))?$/.exec(line);
  if (match === null) return undefined;
  const min = Math.min(MOST_APPROVALS, Math.max(1, Number(match[2] ?? '1')));
  return { name: (match[1] ?? '').toLowerCase(), min, owners: wordsOf(match[3] ?? '') };
}

interface Read {
  readonly rule?: Omit<OwnerRule, 'line'>;
  readonly note?: string;
}

function githubRule(line: string): Read {
  const [pattern, rest] = patternAnd(line);
  const words = wordsOf(rest);
  const comment = words.findIndex((word) => word.startsWith('#'));
  const owners = comment < 0 ? words : words.slice(0, comment);
  const effect = owners.length === 0 ? 'unowned' : 'owned';
  if (pattern.startsWith('!')) return { note: `${pattern}: GitHub has no exceptions by "!"; the lines before it stand` };
  if (sectionOf(line) !== undefined)
    return { note: `${pattern}: looks like a section; for GitLab's file write protectFrom: { codeowners: gitlab }` };
  const path = pattern.replace(/^\\#/, '#');
  const floats = !path.replace(/\/$/, '').includes('/');
  const said = rewritten(path, { floats, below: true, exact: effect !== 'owned' });
  const wider = path === pattern ? {} : { wider: 'GitHub knows no "\\#"' };
  return ruleOf(pattern, said === undefined ? undefined : { ...said, ...wider }, { owners, section: '', min: 1, effect });
}

function gitlabRule(line: string, section: Section): Read {
  const [first, rest] = patternAnd(line);
  const excluded = first.startsWith('!');
  const pattern = first.replace(/^!/, '').replace(/^\\#/, '#');
  const said = wordsOf(rest);
  const owners = said.length === 0 ? section.owners : said;
  const effect = excluded ? 'excluded' : owners.length === 0 ? 'unowned' : 'owned';
  const path = rewritten(pattern, { floats: !pattern.startsWith('/'), below: false, exact: effect !== 'owned' });
  return ruleOf(first, path, { owners, section: section.name, min: section.min, effect });
}

/** A line is a pattern up to the first blank that is not escaped, and what follows. */
function patternAnd(line: string): [string, string] {
  const match = /^((?:\\.|[^\s\\]|\\$)+)\s*(.*)$/.exec(line);
  return [match?.[1] ?? line, match?.[2] ?? ''];
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** A pattern in our language. */
interface Rewritten {
  readonly names: readonly string[];
  readonly butNot: readonly string[];
  /** Why it is wider than what is written. */
  readonly wider?: string;
}

function ruleOf(written: string, said: Rewritten | undefined, more: Pick<OwnerRule, 'owners' | 'section' | 'min' | 'effect'>): Read {
  if (said === undefined) return { note: `${written}: names no path` };
  const { names, butNot, wider } = said;
  if (wider !== undefined && more.effect !== 'owned') return { note: `${written}: ${wider}; it takes nothing away here` };
  const rule = { written, names, butNot, ...more };
  return wider === undefined ? { rule } : { rule, note: `${written}: ${wider}; here it owns what either reading names` };
}

interface Reading {
  /** It is found at any depth. */
  readonly floats: boolean;
  /** A name means a folder of that name too, as in `.gitignore`; GitLab matches whole paths instead. */
  readonly below: boolean;
  /** Names nothing that the written one does not; else it may be wider. */
  readonly exact: boolean;
}

function rewritten(pattern: string, { floats, below, exact }: Reading): Rewritten | undefined {
  const parts = pattern.split('/').filter((part) => part !== '');
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  const folder = pattern.endsWith('/');
  const read = parts.map(readName);
  const wider = read.find((part) => part.wider !== undefined)?.wider;
  const anywhere = floats && parts[0] !== '**' ? '**/' : '';
  const readings = new Set([read.map(({ literal }) => literal), read.map(({ widest }) => widest)].map((names) => names.join('/')));
  const wild = /[*?]/.test(last);
  const names = [...readings].flatMap((reading) => {
    const whole = `${anywhere}${reading}`;
    if (folder) return [exact ? `${whole}/**/*` : `${whole}/`];
    if (last === '**') return [!exact ? whole : below ? `${whole}/*` : whole.replace(/\*\*$/, '*')];
    return wild && last !== '*' && below && !exact ? [whole, `${whole}/**`] : [whole];
  });
  // A pattern of ours that ends in a written name means what lies below it too.
  const butNot = exact && !folder && !below && !wild ? names.map((name) => `${name}/**/*`) : [];
  return { names, butNot, ...(wider === undefined ? {} : { wider }) };
}

/** One name, its escapes undone: as it stands, and with a wildcard for what our language cannot say. */
function readName(part: string): { readonly literal: string; readonly widest: string; readonly wider?: string } {
  if (/^\*{3,}$/.test(part)) return { literal: '**', widest: '**', wider: `"${part}" is no pattern` };
  const literal = part.replace(/\\([*?])/g, '?').replace(/\\(.)/g, '$1');
  if (/\\[*?]/.test(part)) return { literal, widest: literal, wider: 'an escaped wildcard cannot be said here' };
  if (!/\[[^\]]+\]/.test(part)) return { literal, widest: literal };
  return { literal, widest: literal.replace(/\[[^\]]+\]/g, '?'), wider: 'a set "[...]" cannot be said here' };
}
