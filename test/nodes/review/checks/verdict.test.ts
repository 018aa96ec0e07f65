/** What two reviews have in common, and what a review comes to. */
import { expect, test } from 'vitest';
import { finding } from '../../../../nodes/review/checks/check.ts';
import { sameFailures, verdictOf } from '../../../../nodes/review/checks/verdict.ts';

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
