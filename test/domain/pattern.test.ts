/** Patterns are matched by a machine that goes back at each star: what would take it long is refused, what people write is not. */
import picomatch from 'picomatch';
import { expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import { delegateSchema, planBodySchema } from '../../domain/handoff.ts';
import { pathPattern, patternProblem } from '../../domain/pattern.ts';

const SLOW = [
  '*a*a*a*a*ab',
  '?*?*?*?*b',
  '**a**a**a**b',
  'src/{*a*a,x}*a*b',
  '{{*a*,b}*a*,c}',
  '**/a/**/a/**/a/**/a/**/a/**/a/**/b',
  '**/*a*a*a/**/*b*b*b',
];

test.each(SLOW)('%j is refused, in whatever it stands', (pattern) => {
  expect(patternProblem(pattern)).toMatch(/^has \d+ stars/);
  expect(configSchema.safeParse({ version: 1, deny: [{ id: 'a', paths: [pattern], reason: 'r' }] }).error?.issues[0]?.message).toContain(
    pattern,
  );
  const item = { id: 'a', title: 't', goal: 'g', paths: [pattern] };
  expect(planBodySchema.safeParse({ summary: 's', items: [item] }).success).toBe(false);
  expect(delegateSchema.safeParse({ tasks: [{ title: 't', goal: 'g', paths: [pattern] }] }).success).toBe(false);
});

const USUAL = [
  '**',
  'src/**/*.ts',
  'packages/*/src/**/*.test.*',
  'apps/*/packages/*/*/*/*/*/src/*.js',
  '**/{*.test.ts,*.spec.ts,*.test.tsx,*.spec.tsx}',
  '**/__tests__/**/*-*.spec.*',
  '{src/**,test/**}/*.{js,ts}',
  '!(dist|node_modules)/**',
  '[*]*[*]*[*]*.md',
  'a\\*b\\*c\\*d\\*e',
];

test.each(USUAL)('%j is a pattern', (pattern) => {
  expect(pathPattern.parse(pattern)).toBe(pattern);
});

test('what is allowed is matched within a moment, also against the names that are worst for it', () => {
  const worst = [...USUAL, '*a*a*ab', '**/*a*a*ab', '**/a/**/a/**/a/b', '?*?*?*b'].filter(
    (pattern) => patternProblem(pattern) === undefined,
  );
  const paths = ['a'.repeat(200), `${'a/'.repeat(60)}c`, `${'x/'.repeat(20)}${'a'.repeat(120)}`, `${'-'.repeat(120)}.spec.`];
  const startedMs = performance.now();
  for (const path of paths) picomatch(worst, { dot: true })(path);
  expect(performance.now() - startedMs).toBeLessThan(2000);
});

test('a pattern that is far too long is told so, at once', () => {
  const startedMs = performance.now();
  expect(pathPattern.safeParse('['.repeat(200_000)).success).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(500);
});
