/** THE RED LINES OF A RUN: those of its configuration, those by default, and what CODEOWNERS of a tree owns. */
import { CODE_OWNERS_BYTES, CODE_OWNERS_PLACES, type OwnerRule, ownersIn, ownersOf, parseCodeOwners } from '../domain/code-owners.ts';
import type { Config } from '../domain/config.ts';
import { toError } from '../domain/errors.ts';
import type { RedLineOrigin } from '../domain/handoff.ts';
import { folderMatcher, pathMatcher } from '../domain/patterns.ts';
import type { Requirement } from '../domain/policy.ts';
import { DEFAULT_RED_LINES, type DefaultRedLineName, isPage, OWN_RULE } from '../domain/red-line-defaults.ts';
import type { Repository } from '../domain/workspace.ts';
import { ruleFolderMatcher, ruleMatcher } from './globs.ts';
import { isLockFile } from './locks/lock-changes.ts';

/** One rule that names a path, with the pattern of it that does. */
export interface TouchedRedLine {
  readonly id: string;
  readonly origin: RedLineOrigin;
  readonly pattern: string;
  readonly reason: string;
  readonly approvers: Requirement;
  /** Where the pattern stands: in the configuration, or on which line of CODEOWNERS. */
  readonly at?: readonly (string | number)[] | number;
}

export interface RedLines {
  /** Every rule that names a path, whatever is in it. */
  readonly of: (path: string) => TouchedRedLine[];
  /** Every rule that may name something in a folder of this path: a link in its place brings files there that stand elsewhere. */
  readonly in: (path: string) => TouchedRedLine[];
  /** The file that `protectFrom` was read from, and what could not be taken from it as it is written. */
  readonly codeOwners?: { readonly path: string; readonly notes: readonly string[] };
}

const BY_DEFAULT: Requirement = { role: 'approver', min: 1, notStarter: false };

type Named = (path: string) => TouchedRedLine[];

/** The rules of the configuration and the tree; CODEOWNERS is read from that tree, which no candidate has written. */
export async function redLinesOf(config: Config, repository: Repository, treeish: string): Promise<RedLines> {
  const [written, byDefault] = [writtenRules(config), defaultRules(config)];
  const [writtenIn, byDefaultIn] = [writtenRules(config, ruleFolderMatcher), defaultRules(config, folded(folderMatcher))];
  const owned = config.protectFrom === undefined ? undefined : await ownedRules(config.protectFrom, repository, treeish);
  return {
    of: (path) => {
      const own = written(path);
      // Who writes a rule for a path has said who approves it.
      return [...own, ...(own.length > 0 ? [] : byDefault(path)), ...(owned?.of(path) ?? [])];
    },
    in: (path) => {
      const own = [...written(path), ...writtenIn(path)];
      return [...(own.length > 0 ? writtenIn(path) : byDefaultIn(path)), ...(owned?.in(path) ?? [])];
    },
    ...(owned === undefined ? {} : { codeOwners: owned.codeOwners }),
  };
}

type Matcher = (patterns: readonly string[]) => (path: string) => boolean;

const folded =
  (matcher: typeof pathMatcher): Matcher =>
  (patterns) =>
    matcher(patterns, { folded: true });

function writtenRules(
  { protect, patterns }: Pick<Config, 'protect' | 'patterns'>,
  matcher: Matcher = (paths) => ruleMatcher(paths, patterns),
): Named {
  const rules = protect.flatMap((rule, index) =>
    rule.paths.map((pattern, place) => ({
      rule,
      pattern,
      at: ['protect', index, 'paths', place],
      names: matcher([pattern]),
    })),
  );
  return (path) => {
    const found = new Map<string, TouchedRedLine>();
    for (const { rule, pattern, at, names } of rules)
      if (!found.has(rule.id) && names(path))
        found.set(rule.id, { id: rule.id, origin: 'protect', pattern, reason: rule.reason, approvers: rule.approvers, at });
    return [...found.values()];
  };
}

/** The red lines by default that hold here, as rules. */
export function defaultRules({ protectDefaults }: Pick<Config, 'protectDefaults'>, matcher: Matcher = folded(pathMatcher)): Named {
  const names = Object.keys(DEFAULT_RED_LINES) as DefaultRedLineName[]; // a literal of ours
  const rules = [
    OWN_RULE,
    ...names.flatMap((name) => (protectDefaults[name] ? [{ id: `default:${name}`, ...DEFAULT_RED_LINES[name] }] : [])),
  ].flatMap(({ id, paths, reason }) => paths.map((pattern) => ({ id, pattern, reason, names: matcher([pattern]) })));
  return (path) => {
    const first = rules.find(({ pattern, names: named }) => named(path) && !isPage(path, pattern));
    return first === undefined
      ? []
      : [{ id: first.id, origin: 'default', pattern: first.pattern, reason: first.reason, approvers: BY_DEFAULT }];
  };
}

/** The rule for lock files that take a package from elsewhere than before; undefined where this configuration has none. */
export function lockRule({ protectDefaults }: Pick<Config, 'protectDefaults'>, path: string): TouchedRedLine | undefined {
  if (!protectDefaults.registries || !isLockFile(path)) return undefined;
  const { reason } = DEFAULT_RED_LINES.registries;
  return { id: 'default:registries', origin: 'default', pattern: path, reason, approvers: BY_DEFAULT };
}

interface Owned {
  readonly of: Named;
  readonly in: Named;
  readonly codeOwners: { readonly path: string; readonly notes: readonly string[] };
}

/** Without a file that can be read, whatever it may have owned is owned. */
async function ownedRules(from: NonNullable<Config['protectFrom']>, repository: Repository, treeish: string): Promise<Owned> {
  const found = await codeOwnersFile(from.codeowners, repository, treeish);
  if ('fault' in found) {
    const all: TouchedRedLine = {
      id: 'codeowners',
      origin: 'codeowners',
      pattern: '**',
      reason: `protectFrom asks for CODEOWNERS: ${found.fault}`,
      approvers: from.approvers,
    };
    return { of: () => [all], in: () => [all], codeOwners: { path: found.path, notes: [found.fault] } };
  }
  const parsed = parseCodeOwners(found.text, from.codeowners);
  const [owners, inside] = [ownersOf(parsed), ownersIn(parsed)];
  const redLine = (rule: OwnerRule): TouchedRedLine => ({
    id: `codeowners:${rule.line}`,
    origin: 'codeowners',
    pattern: rule.written,
    reason: `${rule.owners.slice(0, 10).join(' ')} ${rule.owners.length === 1 ? 'owns' : 'own'} ${rule.written} (${found.path}:${rule.line})`,
    approvers: { ...from.approvers, min: Math.max(from.approvers.min, rule.min) },
    at: rule.line,
  });
  return {
    of: (path) => owners(path).map(redLine),
    in: (path) => inside(path).map(redLine),
    codeOwners: { path: found.path, notes: parsed.notes },
  };
}

type Found = { readonly path: string; readonly text: string } | { readonly path: string; readonly fault: string };

/** The CODEOWNERS of a tree, at the first of the places that its host looks at. */
export async function codeOwnersFile(host: keyof typeof CODE_OWNERS_PLACES, repository: Repository, treeish: string): Promise<Found> {
  const places = CODE_OWNERS_PLACES[host];
  const entries = await repository.listTree(treeish);
  const entry = places.map((place) => entries.find(({ path }) => path === place)).find((one) => one !== undefined);
  if (entry === undefined) return { path: places[0] ?? '', fault: `there is none at ${places.join(', ')}` };
  const { path, mode, oid } = entry;
  if (!mode.startsWith('100')) return { path, fault: `${path} is no file` };
  const bytes = await repository.blobBytes(oid);
  if (bytes > CODE_OWNERS_BYTES) return { path, fault: `${path} has ${bytes} bytes, and at most ${CODE_OWNERS_BYTES} are read` };
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(await repository.blob(oid)) };
  } catch (error) {
    return { path, fault: `${path} is not UTF-8 text (${toError(error).message})` };
  }
}
