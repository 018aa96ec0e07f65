/** The configured checks run in the sandbox and leave the candidate as it was. */
import { describe, expect, test } from 'vitest';
import { finding } from '../../../../nodes/review/checks/check.ts';
import { commands } from '../../../../nodes/review/checks/commands.ts';
import { codes, review, sh } from './review.ts';

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
    expect(outcome.findings[0]?.message).toMatch(/^check "slow" could not end: it ran longer than its timeout of 1 s\n/);
  });

  test('a check that is not there is an error that says so', async () => {
    const checks = [{ id: 'gone', run: ['nowhere-to-be-found'] }];
    const outcome = await review(commands, { base: {}, candidate: { a: 'x' }, config: { checks } });
    expect(outcome.findings.map(({ message }) => message.split('\n')[0])).toEqual([
      'check "gone" could not end: its program was not found (exit code 127)',
    ]);
  });

  test('a passing check that prints 30 MB passes, and its evidence has the beginning and the end', async () => {
    const checks = [sh('loud', 'echo first; head -c 30000000 /dev/zero | tr "\\0" x; echo; echo last')];
    const outcome = await review(commands, { base: {}, candidate: { a: 'x' }, config: { checks } });
    expect(outcome.results.map((one) => [one.status, one.exit_code])).toEqual([['pass', 0]]);
    expect(outcome.findings).toEqual([]);
    expect(outcome.evidence.get('evidence/1/loud.log')).toMatch(/^first\nx+\n\[\d+ bytes left out\]\nx+\nlast\n$/);
    expect(JSON.parse(outcome.evidence.get('evidence/1/loud.json') ?? '')).toMatchObject({ body: { status: 'pass', truncated: true } });
  });

  test('nothing of an untrusted change runs', async () => {
    const findings = [finding('secrets', 'SECRET_FOUND', 'x')];
    const outcome = await review(commands, { base: {}, candidate: { a: 'x' }, config: { checks: [sh('one', 'exit 1')] }, findings });
    expect(outcome.results.map((one) => one.status)).toEqual(['skipped']);
    expect(outcome.evidence.size).toBe(0);
  });
});
