/** The pattern language: what its page says, against an independent matcher that only follows its words. */
import { describe, expect, test } from 'vitest';
import { faultsOf, folderMatcher, pathMatcher, patternFault } from '../../domain/patterns.ts';
import { dice } from '../dice.ts';

const named = (pattern: string, path: string, folded = false): boolean => pathMatcher([pattern], { folded })(path);

describe('a pattern names', () => {
  test.each([
    ['app/(admin)/**', 'app/(admin)/page.tsx', 'app/admin/page.tsx'],
    ['app/[...slug]/**', 'app/[...slug]/page.tsx', 'app/s/page.tsx'],
    ['app/[[x]]/page.tsx', 'app/[[x]]/page.tsx', 'app/x/page.tsx'],
    ['src/@(x)', 'src/@(x)', 'src/x'],
    ['backup (old)/**', 'backup (old)/a', 'backup old/a'],
    ['a{b,c}', 'a{b,c}', 'ab'],
    ['!keep', '!keep', 'other'],
    ['payments/', 'payments/charge.ts', 'src/payments/charge.ts'],
    ['payments', 'payments/deep/charge.ts', 'payments.ts'],
    ['payments', 'payments', 'paymentsx'],
    ['**/payments', 'src/payments/charge.ts', 'src/repayments/charge.ts'],
    ['**/payments', 'payments', 'pay'],
    ['src/*', 'src/a.ts', 'src/deep/a.ts'],
    ['src/*/', 'src/deep/a.ts', 'lib/deep/a.ts'],
    ['src/**', 'src/deep/a.ts', 'srcs/a.ts'],
    ['**/*.sql', 'db/1.sql', 'db/1.sql/x'],
    ['**/*.sql', '1.sql', '1.sqlx'],
    ['**', 'any/thing', ''],
    ['a/**/b', 'a/b', 'a/xb'],
    ['a/**/b', 'a/x/y/b', 'b/x/a'],
    ['*.??', 'a.ts', 'a.json'],
    ['a*b*c', 'axxbxxc', 'axxcxxb'],
    ['.github/**', '.github/workflows/ci.yml', 'github/workflows/ci.yml'],
    ['*', '.env', 'a/.env'],
    ['caf\u00e9/**', 'cafe\u0301/menu', 'cafe/menu'],
  ])('%s: %s, not %s', (pattern, path, other) => {
    expect(patternFault(pattern)).toBeUndefined();
    expect([named(pattern, path), other !== '' && named(pattern, other)]).toEqual([true, false]);
  });
});

test('folded, neither case nor Unicode form hides a path; else case does', () => {
  for (const [pattern, path] of [
    ['Payments/**', 'PAYMENTS/x'],
    ['secrets', 'ſecrets/key'],
    ['kelvin', '\u212aelvin'],
    ['STRASSE', 'straße/1'],
    ['caf\u00e9', 'CAFE\u0301/x'],
  ] as const)
    expect([path, named(pattern, path, true)]).toEqual([path, true]);
  expect(named('Payments/**', 'payments/x')).toBe(false);
  expect(named('payments', 'repayments', true)).toBe(false);
});

test.each([
  ['', 'may not be empty'],
  ['/', 'may not be empty'],
  ['/src/**', 'write "src/**"'],
  ['../secrets', 'has no ".."'],
  ['src/../x', 'has no ".."'],
  ['./src', 'write "src"'],
  ['src//x', 'write "src/x"'],
  ['a\0b', 'has no NUL'],
])('%j is refused with the mend', (pattern, mend) => {
  expect(patternFault(pattern)).toContain(mend);
});

test.each(['.github', 'a.b/..c/d', '...', 'src/...rest'])('%s only looks like one that is refused', (pattern) => {
  expect(patternFault(pattern)).toBeUndefined();
  expect(named(pattern, pattern)).toBe(true);
});

test.each(['src/{a,b}.ts', '!src/x.ts', 'src/@(a|b).ts', 'src/!(x)/**', '/src/a.ts', 'lib/+(x)'])(
  'an agent that writes %s hears what to write',
  (pattern) => {
    expect(faultsOf(['src/a.ts', pattern])).toEqual([expect.stringMatching(/list each path as a pattern of its own|write "src\/a.ts"/)]);
  },
);

test('names that only look like that are patterns', () => {
  expect(
    faultsOf(['app/(admin)/**', 'app/[...slug]/page.tsx', 'a{b}', 'backup (old)/**', 'wow!', '{}', 'src/*(1).ts'.replace('*', 'copy ')]),
  ).toEqual([]);
});

/** As the page says it, by trying everything. */
function says(pattern: string, path: string): boolean {
  const folder = pattern.endsWith('/');
  const parts = (folder ? pattern.slice(0, -1) : pattern).split('/');
  const written = !/[*?]/.test(parts.at(-1) ?? '');
  const name = (part: string, given: string): boolean => {
    if (part === '') return given === '';
    if (part.startsWith('*')) return name(part.slice(1), given) || (given !== '' && name(part, given.slice(1)));
    return given !== '' && (part.startsWith('?') || part[0] === given[0]) && name(part.slice(1), given.slice(1));
  };
  const all = (left: readonly string[], names: readonly string[]): boolean => {
    const [part, ...others] = left;
    if (part === undefined) return names.length === 0;
    if (part === '**') return all(others, names) || (names.length > 0 && all(left, names.slice(1)));
    return names.length > 0 && name(part, names[0] ?? '') && all(others, names.slice(1));
  };
  const names = path.split('/');
  if (!folder && !written) return all(parts, names);
  return names.some((_name, index) => all(parts, names.slice(0, index + 1)));
}

test('10,000 random patterns and paths: the same as an independent matcher', () => {
  const chance = dice(13);
  const pick = <One>(from: readonly One[]): One => from[Math.floor(chance() * from.length)] as One;
  const times = (most: number): number[] => Array.from({ length: 1 + Math.floor(chance() * most) }, (_none, index) => index);
  const letters = ['a', 'b', '.', '(', ']', '!', '{'];
  let [yes, no] = [0, 0];
  for (let round = 0; round < 10_000; round += 1) {
    const part = (): string =>
      chance() < 0.25
        ? '**'
        : times(4)
            .map(() => (chance() < 0.4 ? pick(['*', '?']) : pick(letters)))
            .join('');
    const pattern = `${times(4).map(part).join('/')}${chance() < 0.2 ? '/' : ''}`;
    if (patternFault(pattern) !== undefined) continue;
    const path = times(5)
      .map(() =>
        times(3)
          .map(() => pick(letters))
          .join(''),
      )
      .join('/');
    const expected = says(pattern, path);
    if (expected) yes += 1;
    else no += 1;
    if (named(pattern, path) !== expected) expect([pattern, path, named(pattern, path)]).toEqual([pattern, path, expected]);
  }
  expect(Math.min(yes, no)).toBeGreaterThan(1000);
});

test('a pattern that would make others try for ever is matched at once', () => {
  const since = performance.now();
  expect(named(`${'**/a*a*a*'.repeat(20)}/**/x`, `${'a'.repeat(200)}/`.repeat(60))).toBe(false);
  expect(named('*a'.repeat(60), `${'a'.repeat(2000)}b`)).toBe(false);
  expect(performance.now() - since).toBeLessThan(1000);
});

test.each<[string, readonly string[], readonly string[]]>([
  ['.github/workflows/**', ['.github', '.github/workflows'], ['github', '.github/other', 'a/.github']],
  ['**/.cargo/config', ['.cargo', 'a/b/.cargo'], ['a', 'a/.cargo/config', 'cargo']],
  ['src/**/secret.key', ['src', 'src/a/b'], ['lib', 'a/src']],
  ['**/*.sql', [], ['db', 'a.sql']],
  ['payments', [], ['payments', 'pay']],
  ['*/keys/x', ['app', 'app/keys'], ['app/other', 'app/keys/x']],
])('%s may name something in %j, not in %j', (pattern, folders, others) => {
  const may = folderMatcher([pattern]);
  expect([folders.filter((path) => !may(path)), others.filter(may)]).toEqual([[], []]);
});
