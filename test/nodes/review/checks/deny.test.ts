/** Denied paths are judged on the difference of trees. */
import { describe, expect, test } from 'vitest';
import { deny } from '../../../../nodes/review/checks/deny.ts';
import { codes, review } from './review.ts';

const RULE = { deny: [{ id: 'ci', paths: ['ci/**'], reason: 'by people' }] };
const RATE = 'export const rate = 1;\nexport const other = 2;\n';

describe('deny', () => {
  test('a file moved out of a denied folder is denied, and so is another case of its name', async () => {
    const moved = await review(deny, { base: { 'ci/a': RATE }, candidate: { 'ci/a': null, 'x/a': RATE }, config: RULE });
    expect(codes(moved)).toEqual(['PATH_DENIED ci/a']);
    expect(codes(await review(deny, { base: {}, candidate: { 'CI/a': 'x' }, config: RULE }))).toEqual(['PATH_DENIED CI/a']);
  });

  test('a link above a denied place is denied, put there or taken away; one beside it is not', async () => {
    const config = { deny: [{ id: 'pipelines', paths: ['.ci/workflows/**'], reason: 'by people' }] };
    const real = { 'docs/workflows/a.yml': 'x' };
    const put = await review(deny, { base: real, candidate: { ...real, '.ci': { link: 'docs' } }, config });
    expect(put.findings.map(({ message }) => message)).toEqual([
      'rule "pipelines" denies what the link .ci would bring to its places: by people',
    ]);
    const gone = { base: { ...real, '.ci': { link: 'docs' } }, candidate: { '.ci': null }, config };
    expect(codes(await review(deny, gone))).toEqual(['PATH_DENIED .ci']);
    const beside = { ...real, latest: { link: 'docs' }, '.ci/notes': { link: '../docs' }, 'docs/ci': { link: 'workflows' } };
    expect(codes(await review(deny, { base: real, candidate: beside, config }))).toEqual([]);
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
