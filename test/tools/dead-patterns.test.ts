/** A pattern of protect or deny that names no file is told with what was probably meant; one that names a file never is. */
import { expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import { deadPatternLine, deadPatterns } from '../../tools/dead-patterns.ts';

const FILES = ['src/payments/rate.ts', 'src/payments/deep/a.ts', 'app/(admin)/page.tsx', 'db/schema.sql', 'README.md', 'lib/b.ts'];

const dead = (paths: readonly string[], list: 'protect' | 'deny' = 'protect') =>
  deadPatterns(configSchema.parse({ version: 1, patterns: 2, [list]: [{ id: 'money', paths, reason: 'r' }] }), FILES);

test.each([
  ['payments/**', '"**/payments/**" would name "src/payments/rate.ts"'],
  ['payments', '"**/payments" would name "src/payments/rate.ts"'],
  ['*.sql', '"**/*.sql" would name "db/schema.sql"'],
  ['**.sql', '"**/*.sql" would name "db/schema.sql"'],
  ['src/*', '"src/**" would name "src/payments/rate.ts"'],
  ['app/src/payments/**', '"**/src/payments/**" would name "src/payments/rate.ts"'],
  ['src/payment/**', '"src/payments/**" would name "src/payments/rate.ts"'],
  ['db/schema.sq', '"db/schema.sql" would name "db/schema.sql"'],
  ['src\\payments\\**', '"src/payments/**" would name "src/payments/rate.ts"'],
  [' README.md', '"README.md" would name "README.md"'],
  [
    '{src,lib}/**',
    'as other tools read it, it names "src/payments/rate.ts"; here only *, ** and ? are special, so write one pattern for each',
  ],
  ['billing/**', undefined],
])('%s: %s', (pattern, meant) => {
  expect(dead([pattern])).toEqual([
    { pattern, rule: 'protect "money"', at: ['protect', 0, 'paths', 0], ...(meant === undefined ? {} : { meant }) },
  ]);
});

test('a pattern that names a file is not told, whatever the case; of a rule with both only the dead one is, with its place', () => {
  expect(dead(['SRC/Payments/', 'app/(admin)', '**/*.sql', 'readme.md'])).toEqual([]);
  const [one] = dead(['src/**', 'nowhere/**'], 'deny');
  expect(one && deadPatternLine(one, (at) => at.join('.'))).toBe(
    'deny.0.paths.1: deny "money": pattern "nowhere/**" names no file of the base',
  );
});

test('red lines by default are never told, and a configuration without rules has nothing to tell', () => {
  expect(deadPatterns(configSchema.parse({ version: 1 }), [])).toEqual([]);
});

test('many patterns in a large repository are told in seconds', () => {
  const files = Array.from({ length: 30_000 }, (_, at) => `packages/p${at % 300}/src/f${at}.ts`);
  const protect = Array.from({ length: 60 }, (_, at) => ({ id: `r${at}`, paths: [`nowhere${at}/**`], reason: 'r' }));
  const started = performance.now();
  expect(deadPatterns(configSchema.parse({ version: 1, protect }), files)).toHaveLength(60);
  expect(performance.now() - started).toBeLessThan(20_000);
});
