/** Path patterns: picomatch with dot files, over canonical paths. */
import picomatch from 'picomatch';

/** True for paths that match any pattern. No pattern matches nothing. */
export function matcher(patterns: readonly string[], options: { caseInsensitive?: boolean } = {}): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const match = picomatch(
    patterns.map((pattern) => pattern.normalize('NFC')),
    { dot: true, nocase: options.caseInsensitive === true },
  );
  return (path) => match(path.normalize('NFC'));
}

/** The part of a pattern before its first wildcard, up to a folder border. */
export function staticPrefix(pattern: string): string {
  const fixed: string[] = [];
  for (const part of pattern.split('/')) {
    if (/[*?[\]{}()!+@]/.test(part)) break;
    fixed.push(part);
  }
  return fixed.join('/');
}

/** May a change inside `planned` touch `protectedPattern`? By the base's files, then by static prefixes. It only predicts. */
export function globsOverlap(planned: string, protectedPattern: string, baseFiles: readonly string[]): boolean {
  const inPlan = matcher([planned]);
  const inProtected = matcher([protectedPattern], { caseInsensitive: true });
  if (baseFiles.some((file) => inPlan(file) && inProtected(file))) return true;
  const one = staticPrefix(planned).toLowerCase();
  const other = staticPrefix(protectedPattern).toLowerCase();
  if (planned === staticPrefix(planned)) return inProtected(planned);
  if (other === '') return inProtected(`${one}/x`.replace(/^\//, ''));
  return one === other || other.startsWith(`${one}/`) || one.startsWith(`${other}/`) || one === '';
}

/** What is wrong with a rule's own examples; empty when they hold. */
export function checkExamples(rule: {
  readonly id: string;
  readonly paths: readonly string[];
  readonly match: readonly string[];
  readonly notMatch: readonly string[];
}): string[] {
  const matches = matcher(rule.paths, { caseInsensitive: true });
  return [
    ...rule.match
      .filter((path) => !matches(path))
      .map((path) => `rule "${rule.id}": match example ${JSON.stringify(path)} does not match ${rule.paths.join(', ')}`),
    ...rule.notMatch
      .filter((path) => matches(path))
      .map((path) => `rule "${rule.id}": notMatch example ${JSON.stringify(path)} matches ${rule.paths.join(', ')}`),
  ];
}
