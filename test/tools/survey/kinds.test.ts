/** What a path says about its file, and what a repository is written in. */
import { expect, test } from 'vitest';
import { isGenerated, kindOf, languageShares } from '../../../tools/survey/kinds.ts';

test.each([
  ['src/report.ts', 'source'],
  ['src/latest.ts', 'source'],
  ['src/contest/entry.py', 'source'],
  ['test/report.ts', 'test'],
  ['src/report.test.ts', 'test'],
  ['pkg/report_test.go', 'test'],
  ['app/test_report.py', 'test'],
  ['package.json', 'settings'],
  ['docs/how.md', 'prose'],
  ['logo.png', 'other'],
  ['package-lock.json', 'generated'],
  ['web/node_modules/a/index.js', 'generated'],
  ['dist/index.js', 'generated'],
  ['static/app.min.js', 'generated'],
])('%s is %s', (path, kind) => {
  expect(kindOf(path)).toBe(kind);
});

test('a file that only has the name of a generated folder is no generated file', () => {
  expect([isGenerated('src/vendor.ts'), isGenerated('src/dist'), isGenerated('nodes/build/lead.ts')]).toEqual([false, false, false]);
});

test('languages come by their share of the files that people write; what is vendored, and what is no source, does not count', () => {
  const paths = ['a.ts', 'b.ts', 'c.tsx', 'd.py', 'README.md', 'noending', ...Array.from({ length: 50 }, (_none, n) => `vendor/${n}.go`)];
  expect(languageShares(paths)).toEqual([
    { name: 'TypeScript', files: 3, percent: 75 },
    { name: 'Python', files: 1, percent: 25 },
  ]);
  expect(languageShares(['LICENSE'])).toEqual([]);
});
