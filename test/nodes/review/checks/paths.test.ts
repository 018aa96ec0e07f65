/** Scope, denied paths and red lines are judged on the difference of trees. */
import { describe, expect, test } from 'vitest';
import { deny } from '../../../../nodes/review/checks/deny.ts';
import { redLines } from '../../../../nodes/review/checks/red-lines.ts';
import { scope } from '../../../../nodes/review/checks/scope.ts';
import { codes, review } from './review.ts';

const RULE = { deny: [{ id: 'ci', paths: ['ci/**'], reason: 'by people' }] };
const MONEY = { protect: [{ id: 'money', paths: ['payments/**'], reason: 'moves money' }] };
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

describe('deny', () => {
  test('a file moved out of a denied folder is denied, and so is another case of its name', async () => {
    const moved = await review(deny, { base: { 'ci/a': RATE }, candidate: { 'ci/a': null, 'x/a': RATE }, config: RULE });
    expect(codes(moved)).toEqual(['PATH_DENIED ci/a']);
    expect(codes(await review(deny, { base: {}, candidate: { 'CI/a': 'x' }, config: RULE }))).toEqual(['PATH_DENIED CI/a']);
  });

  test('links out of the tree are denied, links inside it are not', async () => {
    const candidate = { a: { link: '/etc/passwd' }, 'd/b': { link: '../../x' }, 'd/c': { link: '../e' }, e: 'x' };
    expect(codes(await review(deny, { base: {}, candidate }))).toEqual(['PATH_DENIED a', 'PATH_DENIED d/b']);
  });

  test('a link that leaves the tree by way of another link is denied', async () => {
    const candidate = { 'deep/a/up': { link: '../..' }, 'deep/a/out': { link: 'up/../elsewhere' }, 'deep/a/file': 'x' };
    expect(codes(await review(deny, { base: {}, candidate }))).toContain('PATH_DENIED deep/a/out');
  });

  test('a sub-repository is denied', async () => {
    expect(codes(await review(deny, { base: {}, candidate: { a: 'x' }, gitlink: 'sub' }))).toEqual(['PATH_DENIED sub']);
  });
});

describe('red lines', () => {
  const lines = async (what: Parameters<typeof review>[1]) =>
    (await review(redLines, { config: MONEY, ...what })).redLines.map((line) => `${line.rule_id} ${line.paths.join(' ')}`);
  const base = { 'payments/rate.js': RATE };

  test('renames count on both sides, deletions, modes and links count, whatever the case', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, 'x.js': RATE } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base: { 'x.js': RATE }, candidate: { 'x.js': null, ...base } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': null } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { run: RATE } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { link: '../x' } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'Payments/RATE.js': 'x' } })).toEqual(['money Payments/RATE.js']);
  });

  test('a protected folder that becomes a file is told', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, payments: 'x' } })).toEqual(['money payments payments/rate.js']);
  });

  test('the rules that govern agents are behind a red line without being configured', async () => {
    expect(await lines({ base: {}, candidate: { 'governor.yaml': 'version: 1\n' } })).toEqual(['governor governor.yaml']);
    expect(await lines({ base: {}, candidate: { 'src/a.js': 'x' } })).toEqual([]);
  });
});
