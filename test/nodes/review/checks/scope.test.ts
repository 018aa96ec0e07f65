/** Scope is judged on the difference of trees. */
import { describe, expect, test } from 'vitest';
import { scope } from '../../../../nodes/review/checks/scope.ts';
import { codes, review } from './review.ts';

const RATE = 'export const rate = 1;\nexport const other = 2;\n';

describe('scope', () => {
  test('a path that no plan item names is out of scope, on both sides of a rename', async () => {
    const outcome = await review(scope, {
      base: { 'docs/a.md': RATE },
      candidate: { 'docs/a.md': null, 'src/a.md': RATE },
      paths: ['src/**'],
    });
    expect(codes(outcome)).toEqual(['OUT_OF_SCOPE docs/a.md']);
  });

  test('too many files and too many lines name limit and value', async () => {
    const outcome = await review(scope, {
      base: {},
      candidate: { a: '1\n2\n', b: '1\n' },
      config: { scope: { maxFiles: 1, maxLines: 2 } },
    });
    expect(outcome.findings.map((one) => one.message)).toEqual([
      '2 files are changed; scope.maxFiles is 1',
      '3 lines are changed; scope.maxLines is 2',
    ]);
  });

  test('an item without paths allows any path', async () => {
    expect(codes(await review(scope, { base: {}, candidate: { 'any/where': 'x' }, paths: [] }))).toEqual([]);
  });
});
