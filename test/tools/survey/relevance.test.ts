/** Which files are near to a goal. */
import { expect, test } from 'vitest';
import { relevanceOf, type Wanted } from '../../../tools/survey/relevance.ts';

const ranked = (paths: readonly string[], wanted: Partial<Wanted>): string[] => {
  const scores = relevanceOf(paths, { goal: '', near: [], ...wanted });
  return [...paths.entries()].toSorted(([one], [other]) => (scores[other] ?? 0) - (scores[one] ?? 0)).map(([, path]) => path);
};

test('what the words of the goal name comes first, in whatever form they are written', () => {
  const paths = ['src/mail.ts', 'src/invoiceParser.ts', 'src/user.ts', 'lib/parse-invoices.py', 'docs/other.md'];
  expect(ranked(paths, { goal: 'Fix parsing of an invoice' }).slice(0, 2).toSorted()).toEqual([
    'lib/parse-invoices.py',
    'src/invoiceParser.ts',
  ]);
});

test('a path that the goal writes out comes before every word', () => {
  const paths = ['src/report/report.ts', 'report/report-report.ts', 'a/b/c/d/x9.cfg'];
  expect(ranked(paths, { goal: 'The report is wrong since a/b/c/d/x9.cfg changed' })[0]).toBe('a/b/c/d/x9.cfg');
});

test('a word that names every file says less than one that names one', () => {
  const paths = [...Array.from({ length: 30 }, (_none, n) => `orders/order${n}.ts`), 'tax/rounding.ts'];
  expect(ranked(paths, { goal: 'order totals have a rounding error' })[0]).toBe('tax/rounding.ts');
});

test('what is planned comes first, its neighbours before strangers', () => {
  const paths = ['web/page.ts', 'core/ledger.ts', 'core/cash.ts', 'zoo/ape.ts'];
  expect(ranked(paths, { near: ['core/ledger.ts'] }).slice(0, 2)).toEqual(['core/ledger.ts', 'core/cash.ts']);
});

test('sources and tests come before locks and what is vendored, also where a word of the goal names those', () => {
  const paths = ['vendor/yarn/install.js', 'yarn.lock', 'src/cli.ts', 'test/cli.test.ts'];
  expect(ranked(paths, { goal: 'clean up' }).slice(0, 2)).toEqual(['src/cli.ts', 'test/cli.test.ts']);
  expect(ranked(paths, { goal: 'Let the tool use yarn' }).slice(0, 2)).toEqual(['src/cli.ts', 'test/cli.test.ts']);
});

test('words of other alphabets are words', () => {
  expect(ranked(['src/a.ts', 'src/отчёт.ts'], { goal: 'Исправь отчёт' })[0]).toBe('src/отчёт.ts');
});
