/** The configured checks and the base's own tests run in the sandbox and leave the candidate as it was. */
import { describe, expect, test } from 'vitest';
import { baseTests } from '../../../../nodes/review/checks/base-tests.ts';
import { finding } from '../../../../nodes/review/checks/check.ts';
import { commands } from '../../../../nodes/review/checks/commands.ts';
import { secrets } from '../../../../nodes/review/checks/secrets.ts';
import { sameFailures, verdictOf } from '../../../../nodes/review/checks/verdict.ts';
import { codes, review } from './review.ts';

const sh = (id: string, script: string, more = {}) => ({ id, run: ['sh', '-c', script], ...more });

describe('commands', () => {
  test('every check runs, even after a red one, each in the candidate as it was', async () => {
    const checks = [sh('one', 'echo dirt > a; echo bad >&2; exit 3'), sh('two', 'grep -q clean a')];
    const outcome = await review(commands, { base: {}, candidate: { a: 'clean\n' }, config: { checks }, item: ['true'] });
    expect(outcome.results.map((one) => [one.id, one.status, one.exit_code])).toEqual([
      ['one', 'fail', 3],
      ['two', 'pass', 0],
      ['item-one', 'pass', 0],
    ]);
    expect(codes(outcome)).toEqual(['CHECK_FAILED']);
    expect(outcome.findings[0]?.message).toContain('bad');
    expect(outcome.left).toBe(outcome.candidate);
    expect(outcome.evidence.get('evidence/1/one.log')).toContain('bad');
    expect(JSON.parse(outcome.evidence.get('evidence/1/one.json') ?? '')).toMatchObject({
      body: { id: 'one', status: 'fail', exit_code: 3, tree: outcome.candidate, timed_out: false },
    });
  });

  test('a check that takes too long is an error, not a failure', async () => {
    const outcome = await review(commands, {
      base: {},
      candidate: { a: 'x' },
      config: { checks: [sh('slow', 'sleep 30', { timeout: '1s' })] },
    });
    expect(outcome.results.map((one) => one.status)).toEqual(['error']);
    expect(codes(outcome)).toEqual(['CHECK_ERROR']);
  });

  test('nothing of an untrusted change runs', async () => {
    const findings = [finding('secrets', 'SECRET_FOUND', 'x')];
    const outcome = await review(commands, { base: {}, candidate: { a: 'x' }, config: { checks: [sh('one', 'exit 1')] }, findings });
    expect(outcome.results.map((one) => one.status)).toEqual(['skipped']);
    expect(outcome.evidence.size).toBe(0);
  });
});

describe("the base's own tests", () => {
  const STRICT = '. ./src/a.sh; test "$A" = 1\n';
  const base = { 'src/a.sh': 'A=1\n', 'test/a.py': STRICT };
  const config = { checks: [sh('test', 'sh test/a.py')] };

  test('run where the candidate changed a test file, and block when they fail', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=2\n', 'test/a.py': 'true\n' }, config });
    expect(codes(outcome)).toEqual(['TESTS_WEAKENED']);
    expect(outcome.findings[0]?.severity).toBe('blocker');
    expect(outcome.left).toBe(outcome.candidate);
  });

  test('do not run where no test file that was there has changed', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'src/a.sh': 'A=2\n', 'test/b.py': 'true\n' }, config });
    expect(outcome.results).toEqual([]);
  });

  test('are recorded and do not block where the plan names the test file', async () => {
    const candidate = { 'src/a.sh': 'A=2\n', 'test/a.py': '. ./src/a.sh; test "$A" = 2\n' };
    const outcome = await review(baseTests, { base, candidate, config, paths: ['src/**', 'test/a.py'] });
    expect(outcome.findings).toHaveLength(1);
    expect(verdictOf(outcome.results, outcome.findings)).toBe('pass');
  });

  test('a folder of tests that became a file is judged, not a crash', async () => {
    const outcome = await review(baseTests, { base, candidate: { 'test/a.py': null, test: 'x', 'src/a.sh': 'A=2\n' }, config });
    expect(codes(outcome)).toEqual(['TESTS_WEAKENED']);
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

describe('secrets', () => {
  const KEY = (tail: string): string => `AKIA${'QWERTYUIOPAS'}${tail}`;

  test('a secret is found by rule and masked, in the whole file, whatever switches the scanner off', async () => {
    const outcome = await review(secrets, { base: {}, candidate: { a: `// secretlint-disable\nkey ${KEY('ZXCV')}\n` } });
    expect(codes(outcome)).toEqual(['SECRET_FOUND a']);
    expect(outcome.findings[0]?.message).not.toContain(KEY('ZXCV'));
  });

  test('what stood there before is not told again, another secret that looks alike is', async () => {
    const base = { a: `key ${KEY('ZXCV')}\n` };
    expect(codes(await review(secrets, { base, candidate: { a: `more\nkey ${KEY('ZXCV')}\n` } }))).toEqual([]);
    expect(codes(await review(secrets, { base, candidate: { a: `key ${KEY('BNMA')}\n` } }))).toEqual(['SECRET_FOUND a']);
  });
});

test('the same serious findings in two reviews are no progress, durations aside; a failure that differs only far down is another', () => {
  const one = { findings: [finding('x', 'CHECK_FAILED', 'took 12 ms', { path: 'a' })] };
  const two = { findings: [finding('x', 'CHECK_FAILED', 'took 99 ms', { path: 'a' })] };
  expect(sameFailures(one, two)).toBe(true);
  expect(sameFailures(one, { findings: [] })).toBe(false);
  const long = (end: string) => ({ findings: [finding('x', 'CHECK_FAILED', `${'the same head '.repeat(40)}${end}`)] });
  expect(sameFailures(long('one'), long('two'))).toBe(false);
  const cut = (whole: string) => ({ findings: [finding('x', 'CHECK_FAILED', 'the tail', { whole })] });
  expect(sameFailures(cut('one failed (3 ms)'), cut('one failed (4 ms)'))).toBe(true);
  expect(sameFailures(cut('one failed'), cut('two failed'))).toBe(false);
  expect(verdictOf([], one.findings)).toBe('rework');
  expect(verdictOf([], [])).toBe('pass');
});
