/** A plan means what it names: a file by its path, tests in general by a pattern that is about tests. */
import { expect, test } from 'vitest';
import { planBodySchema } from '../../../../domain/handoff.ts';
import { meantBy } from '../../../../nodes/review/checks/meant.ts';

const names = (path: string, ...paths: string[]) => {
  const meant = meantBy(planBodySchema.parse({ summary: 's', items: [{ id: 'a', title: 'a', goal: 'a', paths }] }));
  return { exactly: meant.exactly(path), asTests: meant.asTests(path) };
};

test.each([
  ['test/a.test.js', 'test/a.test.js'],
  ['test/a.test.js', './test/a.test.js'],
  ['app/[id]/a.test.js', 'app/[id]/a.test.js'],
])('%s is named by %s', (path, pattern) => {
  expect(names(path, 'src/a.js', pattern)).toEqual({ exactly: true, asTests: true });
});

test.each([
  ['test/a.test.js', 'test/**'],
  ['src/x/a.test.ts', '**/*.test.ts'],
  ['src/__snapshots__/a.snap', 'src/**/*.snap'],
  ['tests/test_a.py', 'tests/*.py'],
])('%s is among the tests that %s is about', (path, pattern) => {
  expect(names(path, pattern)).toEqual({ exactly: false, asTests: true });
});

test.each([
  ['test/a.test.js', '**'],
  ['src/a.test.js', 'src/**'],
  ['test/a.test.js', 'spec/**'],
  ['src/a.test.js', 'src/latest/**'],
])('%s is not meant by %s', (path, pattern) => {
  expect(names(path, pattern)).toEqual({ exactly: false, asTests: false });
});
