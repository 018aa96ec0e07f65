/** Patterns at work: rules of old and new requests, what is refused at load, and what a plan may touch. */
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import { globsOverlap, patternProblems, ruleMatcher } from '../../tools/globs.ts';

const rules = (paths: string[], more: object = {}) =>
  configSchema.parse({ version: 1, protect: [{ id: 'money', paths, reason: 'moves money' }], ...more });

describe('a rule protects what its patterns name', () => {
  test.each([
    ['app/(admin)/**', 'app/(admin)/page.tsx'],
    ['payments/', 'payments/charge.ts'],
    ['payments', 'Payments/charge.ts'],
    ['app/[...slug]/**', 'app/[...slug]/page.tsx'],
    ['[[x]]', '[[x]]/a'],
    ['@(x)', '@(x)'],
    ['backup (old)/**', 'backup (old)/1'],
  ])('%s: %s, in a request of any version', (pattern, path) => {
    for (const language of [2, undefined] as const) expect(ruleMatcher([pattern], language)(path)).toBe(true);
  });

  test('in a request of an earlier version also what it named then; in a new one not', () => {
    expect([undefined, 2 as const].map((language) => ruleMatcher(['src/{a,b}.ts'], language)('SRC/a.ts'))).toEqual([true, false]);
    expect([undefined, 2 as const].map((language) => ruleMatcher(['src/*.ts'], language)('src/deep/a.ts'))).toEqual([false, false]);
  });
});

describe('a configuration', () => {
  test.each(['src/{a,b}.ts', '!keep/**', 'app/(admin)/**', 'lib/[ab].ts'])(
    'with %s is refused with both readings, unless it says patterns: 2',
    (pattern) => {
      const [problem = ''] = patternProblems(rules([pattern]));
      expect(problem).toMatch(/^protect "money": pattern ".*": before, ".*" was (?:not )?named by it; now it is/);
      expect(problem).toContain('"patterns: 2"');
      expect(patternProblems(rules([pattern], { patterns: 2 }))).toEqual([]);
    },
  );

  test.each([
    ['./payments', 'write "payments"'],
    ['payments//x', 'write "payments/x"'],
    ['src/./x', 'write "src/x"'],
  ])('with %s is told the mend, whatever it says', (pattern, mend) => {
    for (const more of [{}, { patterns: 2 }]) expect(patternProblems(rules([pattern], more)).join()).toContain(mend);
  });

  test('with a pattern that the old matcher would never end with is told at once', () => {
    const since = performance.now();
    expect(patternProblems(rules([`{${'*a'.repeat(70)},b}`])).join()).toContain('was read in another way before');
    expect(performance.now() - since).toBeLessThan(1000);
  });

  test('with patterns that read the same in both is as before', () => {
    expect(patternProblems(rules(['payments/**', '**/*.sql', '.github', 'a-b+c@d/#x/$y']))).toEqual([]);
    const steps = { workspace: { setup: [{ run: ['npm', 'ci'], inputs: ['package.json', '{a,b}'] }] } };
    expect(patternProblems(rules(['x'], steps)).join()).toMatch(/^workspace\.setup\.0\.inputs: pattern "\{a,b\}"/);
  });
});

test.each([
  ['src', 'src/payments/**', true],
  ['src/a.ts', '**/*.ts', true],
  ['src/**', 'payments', false],
  ['payments/charge.ts', 'payments/', true],
  ['app/(admin)/x.ts', 'app/(admin)/**', true],
  ['app/(shop)/x.ts', 'app/(admin)/**', false],
  ['**', 'payments/**', true],
])('a plan of %s may touch %s: %s', (planned, red, may) => {
  expect(globsOverlap(planned, red, [])).toBe(may);
});
