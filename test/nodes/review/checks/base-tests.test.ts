/** The base's own tests run where the candidate changed them, and are never written through a link. */
import { describe, expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { finding } from '../../../../nodes/review/checks/check.ts';
import { verdictOf } from '../../../../nodes/review/checks/verdict.ts';
import { codes, review, sh } from './review.ts';

describe("the base's own tests", () => {
  const STRICT = '. ./src/a.sh; test "$A" = 1\n';
  const base = { 'src/a.sh': 'A=1\n', 'test/a.py': STRICT };
  const config = { checks: [sh('test', 'sh test/a.py')] };

  test('run where the candidate changed a test file, and block when they fail', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=2\n', 'test/a.py': 'true\n' }, config });
    expect(codes(outcome)).toEqual(['BASE_TEST_FAILS']);
    expect(outcome.findings[0]?.severity).toBe('blocker');
    expect(outcome.left).toBe(outcome.candidate);
  });

  test('run too where no test file has changed: a check that ends well says nothing about who ended it', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=1\nexit 0\n', 'test/b.py': 'true\n' }, config });
    expect(outcome.results).toMatchObject([{ id: 'base-test', status: 'pass' }]);
    const red = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=2\n', 'test/b.py': 'true\n' }, config });
    expect(codes(red)).toEqual(['BASE_TEST_FAILS']);
  });

  test('do not run a second time where they failed as they are and none has changed', async () => {
    const findings = [finding('test', 'CHECK_FAILED', 'check "test" failed')];
    const outcome = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=2\n' }, config, findings });
    expect(outcome).toMatchObject({ results: [], findings: [] });
    const changed = { 'src/a.sh': 'A=2\n', 'test/a.py': 'false\n' };
    expect(codes(await review(baseTests, { base, candidate: changed, config, findings }))).toEqual(['BASE_TEST_FAILS']);
  });

  test('are not run where the base has none, or the change is not trusted', async () => {
    const untrusted = [finding('deny', 'PATH_DENIED', 'secret.txt')];
    const candidate = { 'src/a.sh': 'A=2\n' };
    expect(await review(baseTests, { base, candidate, config, findings: untrusted })).toMatchObject({ results: [], findings: [] });
    expect(await review(baseTests, { base: { 'src/a.sh': 'A=1\n' }, candidate, config })).toMatchObject({ results: [], findings: [] });
  });

  test('are recorded and do not block where the plan names the test file', async () => {
    const candidate = { 'src/a.sh': 'A=2\n', 'test/a.py': '. ./src/a.sh; test "$A" = 2\n' };
    const outcome = await review(baseTests, { base, candidate, config, paths: ['src/**', 'test/a.py'] });
    expect(outcome.findings).toHaveLength(1);
    expect(verdictOf(outcome.results, outcome.findings)).toBe('pass');
  });

  test('a folder of tests that became a file is judged, not a crash', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'test/a.py': null, test: 'x', 'src/a.sh': 'A=2\n' }, config });
    expect(codes(outcome)).toEqual(['BASE_TEST_FAILS']);
    expect(outcome.left).toBe(outcome.candidate);
  });

  test('a link in place of a test file or its folder is never written through', async () => {
    const folder = await review(baseTests, {
      base: { 'test/escaped.test.js': STRICT, 'test/a.py': STRICT, 'src/a.sh': 'A=1\n' },
      candidate: { test: null, 'deep/a/up': { link: '../..' }, 'deep/a/out': { link: 'up/..' }, 'src/a.sh': 'A=1\n', 'test/a.py': null },
      config,
    });
    expect(folder.outside('escaped.test.js')).toBe(false);
    const linked = await review(baseTests, {
      base: { 'test/escaped.test.js': STRICT, 'test/a.py': STRICT, 'src/a.sh': 'A=1\n' },
      candidate: {
        'test/escaped.test.js': null,
        'test/a.py': null,
        'deep/a/up': { link: '../..' },
        test: { link: 'deep/a/up/..' },
      },
      config,
    });
    expect(linked.outside('escaped.test.js')).toBe(false);
    expect(linked.left).toBe(linked.candidate);
  });

  test('a test that is new in the candidate is not one of them', async () => {
    const candidate = { 'test/a.py': `${STRICT}A=1\n`, 'test/new.py': 'exit 1\n' };
    const all = { checks: [sh('test', 'for t in test/*.py; do sh "$t" || exit 1; done')] };
    expect(codes(await review(baseTests, { base, candidate, config: all }))).toEqual([]);
  });
});
