/** What the rules of a repository say of paths, before anybody runs anything: read-only, and of the base commit as a run would read it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { canonicalPath } from '../domain/access.ts';
import { toError, UsageError } from '../domain/errors.ts';
import type { RedLineOrigin } from '../domain/handoff.ts';
import type { Requirement } from '../domain/policy.ts';
import { ruleMatcher } from '../tools/globs.ts';
import { policyWarnings } from '../tools/policy-warnings.ts';
import { lockRule, type RedLines, redLinesOf, type TouchedRedLine } from '../tools/red-lines.ts';
import { openRepository } from '../tools/repository.ts';
import type { LoadedConfig } from './start/config-file.ts';
import { baseAndConfig } from './start/create.ts';

export interface PolicyOptions {
  readonly repo: string;
  readonly paths: readonly string[];
  /** A ref; default the tip of `release.branch`, as for a run. */
  readonly base?: string;
  readonly configFile?: string;
}

/** One rule that names a path. */
export interface PolicyRule {
  readonly says: 'deny' | RedLineOrigin;
  readonly id: string;
  /** The pattern that names it, as it is written. */
  readonly pattern: string;
  /** The file and line of the pattern, or the key that takes a rule of this program away. */
  readonly place: string;
  readonly reason: string;
  /** Who must approve; a denied path nobody can. */
  readonly approvers?: Requirement;
  /** Where more than the path decides. */
  readonly when?: string;
}

export interface PathPolicy {
  readonly path: string;
  /** Is it in the base? */
  readonly exists: boolean;
  readonly verdict: 'denied' | 'red-line' | 'maybe-red-line' | 'free';
  readonly rules: readonly PolicyRule[];
}

export interface PolicyView {
  readonly base: string;
  readonly config: string;
  readonly paths: readonly PathPolicy[];
  readonly warnings: readonly string[];
}

/** @throws UsageError for a path that no change can have, and for what a run would refuse. */
export async function testPolicy(options: PolicyOptions): Promise<PolicyView> {
  const paths = options.paths.map(pathInRepository);
  const state = mkdtempSync(join(tmpdir(), 'governor-policy-'));
  try {
    const repository = await openRepository(resolve(options.repo), state);
    const { base, loaded } = await baseAndConfig(repository, options);
    const redLines = await redLinesOf(loaded.config, repository, base);
    const files = new Set((await repository.listTree(base)).map(({ path }) => path));
    const deny = denyRules(loaded);
    return {
      base,
      config: loaded.source,
      paths: paths.map((path) => {
        const rules = [...deny(path), ...redLineRules(path, loaded, redLines)];
        const exists = files.has(path) || [...files].some((file) => file.startsWith(`${path}/`));
        return { path, exists, verdict: verdictOf(rules), rules };
      }),
      warnings: [...loaded.warnings, ...(await policyWarnings(loaded.config, repository, base, loaded.place))],
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function pathInRepository(word: string): string {
  const path = word.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  if (path === '' || path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.' || part === ''))
    throw new UsageError(`path ${JSON.stringify(word)}: name it from the root of the repository, such as src/pay.ts`);
  return path;
}

function denyRules({ config, place }: LoadedConfig): (path: string) => PolicyRule[] {
  const rules = config.deny.flatMap((rule, index) =>
    rule.paths.map((pattern, at) => ({ rule, pattern, at: ['deny', index, 'paths', at], names: ruleMatcher([pattern], config.patterns) })),
  );
  return (path) => {
    const always = alwaysDenied(path);
    const found = new Map<string, PolicyRule>();
    for (const { rule, pattern, at, names } of rules)
      if (!found.has(rule.id) && names(path))
        found.set(rule.id, { says: 'deny', id: rule.id, pattern, place: place(at), reason: rule.reason });
    return [...(always === undefined ? [] : [always]), ...found.values()];
  };
}

/** What no configuration allows. */
function alwaysDenied(path: string): PolicyRule | undefined {
  try {
    canonicalPath(path);
    return undefined;
  } catch (error) {
    return { says: 'deny', id: 'always', pattern: path, place: 'built in', reason: toError(error).message };
  }
}

function redLineRules(path: string, { config, place }: LoadedConfig, redLines: RedLines): PolicyRule[] {
  const found = redLines.of(path);
  const placeOf = ({ id, origin, at }: TouchedRedLine): string => {
    if (origin === 'protect') return place(Array.isArray(at) ? at : []);
    if (origin === 'codeowners') return `${redLines.codeOwners?.path}${typeof at === 'number' ? `:${at}` : ''}`;
    return id.startsWith('default:') ? `built in (protectDefaults.${id.slice('default:'.length)})` : 'built in';
  };
  const rules: PolicyRule[] = found.map((rule) => ({ ...shown(rule), place: placeOf(rule) }));
  const isSame = (one: TouchedRedLine): boolean => found.some(({ id, origin }) => id === one.id && origin === one.origin);
  for (const rule of redLines.in(path).filter((one) => !isSame(one)))
    rules.push({
      ...shown(rule),
      place: placeOf(rule),
      when: 'only where the change puts a link in the place of this folder, or takes one away',
    });
  const lock = found.some(({ origin }) => origin === 'protect') ? undefined : lockRule(config, path);
  if (lock === undefined || found.some(({ id }) => id === lock.id)) return rules;
  const when = 'only where the change takes a package from another registry or address than the base';
  return [...rules, { ...shown(lock), place: placeOf(lock), when }];
}

const shown = ({ id, origin, pattern, reason, approvers }: TouchedRedLine) => ({ says: origin, id, pattern, reason, approvers });

function verdictOf(rules: readonly PolicyRule[]): PathPolicy['verdict'] {
  if (rules.some(({ says }) => says === 'deny')) return 'denied';
  if (rules.some(({ when }) => when === undefined)) return 'red-line';
  return rules.length > 0 ? 'maybe-red-line' : 'free';
}
