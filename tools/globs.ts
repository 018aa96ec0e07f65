/** Patterns at work: the rules of a configuration, what two patterns have in common, and a rule's own examples. */
import picomatch from 'picomatch';
import type { Config } from '../domain/config.ts';
import { folderMatcher, pathMatcher, patternFault } from '../domain/patterns.ts';

/**
 * For `protect` and `deny`: neither case nor Unicode form hides a path.
 * @param language the configuration's `patterns`. Undefined: a request of an earlier version may hold patterns with braces, brackets or
 * `!` (a new one may not); then what they named to it is named too.
 */
export function ruleMatcher(patterns: readonly string[], language: 2 | undefined): (path: string) => boolean {
  const matches = pathMatcher(patterns, { folded: true });
  const old = language === 2 ? [] : patterns.filter(hasOldReading).map((pattern) => pattern.normalize('NFC'));
  if (old.length === 0) return matches;
  const matchedBefore = picomatch(old, { dot: true, nocase: true });
  return (path) => matches(path) || matchedBefore(path.normalize('NFC'));
}

/** Folders in which a rule of `protect` may name something. */
export const ruleFolderMatcher = (patterns: readonly string[]): ((path: string) => boolean) => folderMatcher(patterns, { folded: true });

/** What had a meaning of its own before `patterns: 2`, and is literal now. */
const hasOldReading = (pattern: string): boolean => /[{}()[\]!]/.test(pattern);

/** The part of a pattern before its first wildcard, up to a folder border. */
export function staticPrefix(pattern: string): string {
  const parts = pattern.replace(/\/$/, '').split('/');
  const wild = parts.findIndex((part) => /[*?]/.test(part));
  return (wild === -1 ? parts : parts.slice(0, wild)).join('/');
}

/** May a change inside `planned` touch `protectedPattern`? By the base's files, then by static prefixes. It only predicts. */
export function globsOverlap(planned: string, protectedPattern: string, baseFiles: readonly string[]): boolean {
  const inPlan = pathMatcher([planned]);
  const inProtected = pathMatcher([protectedPattern], { folded: true });
  if (baseFiles.some((file) => inPlan(file) && inProtected(file))) return true;
  const one = staticPrefix(planned).toLowerCase();
  const other = staticPrefix(protectedPattern).toLowerCase();
  if (one !== '' && inProtected(one)) return true;
  if (other === '') return inProtected(`${one}/x`.replace(/^\//, ''));
  return one === other || other.startsWith(`${one}/`) || one.startsWith(`${other}/`) || one === '';
}

/** What is wrong with the patterns of a configuration as it is loaded, each with its mend. */
export function patternProblems({
  patterns,
  protect,
  deny,
  workspace,
}: Pick<Config, 'patterns' | 'protect' | 'deny' | 'workspace'>): string[] {
  const named = [
    ...protect.map((rule) => [`protect "${rule.id}"`, rule.paths] as const),
    ...deny.map((rule) => [`deny "${rule.id}"`, rule.paths] as const),
    ...workspace.setup.map((step, index) => [`workspace.setup.${index}.inputs`, step.inputs] as const),
  ];
  return named.flatMap(([where, paths]) =>
    paths.flatMap((pattern) => {
      const fault = patternFault(pattern) ?? (patterns === 2 || !hasOldReading(pattern) ? undefined : twoReadings(pattern));
      return fault === undefined ? [] : [`${where}: pattern ${JSON.stringify(pattern)}: ${fault}`];
    }),
  );
}

/** The old matcher goes back at each star: with many it would take for ever. */
const SAMPLE_STARS = 6;

/** Nobody can say which of the two the author meant. */
function twoReadings(pattern: string): string {
  const mend = 'If you mean these very names, write "patterns: 2" into the file; for alternatives write one pattern for each';
  if (pattern.split('*').length > SAMPLE_STARS) return `it was read in another way before, since only *, ** and ? are special now. ${mend}`;
  const [before, now] = [picomatch(pattern, { dot: true }), pathMatcher([pattern])];
  const literal = pattern.replaceAll('**', 'a').replaceAll('*', 'a').replaceAll('?', 'a').replace(/\/$/, '/a');
  const says = `before, ${JSON.stringify(literal)} was ${before(literal) ? '' : 'not '}named by it; now it is${now(literal) ? '' : ' not'}, since only *, ** and ? are special`;
  return `${says}. ${mend}`;
}

/** What is wrong with a rule's own examples; empty when they hold. */
export function checkExamples(rule: {
  readonly id: string;
  readonly paths: readonly string[];
  readonly match: readonly string[];
  readonly notMatch: readonly string[];
}): string[] {
  const matches = pathMatcher(rule.paths, { folded: true });
  return [
    ...rule.match
      .filter((path) => !matches(path))
      .map((path) => `rule "${rule.id}": match example ${JSON.stringify(path)} does not match ${rule.paths.join(', ')}`),
    ...rule.notMatch
      .filter((path) => matches(path))
      .map((path) => `rule "${rule.id}": notMatch example ${JSON.stringify(path)} matches ${rule.paths.join(', ')}`),
  ];
}
