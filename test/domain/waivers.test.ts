/** What a person may let pass, what nobody may, and who did. */
import { expect, test } from 'vitest';
import type { Finding } from '../../domain/handoff.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { Vote } from '../../domain/vote.ts';
import { isBlocking, isWaivable, leftToPerson, MAX_OPEN_FINDINGS, openFindings, unwaived, waiversOf } from '../../domain/waivers.ts';

const of = (code: ReasonCode, more: Partial<Finding> = {}): Finding => ({
  id: `F-${code}`,
  source: 's',
  severity: 'blocker',
  code,
  message: 'm',
  ...more,
});

test.each<ReasonCode>(['TESTS_WEAKENED', 'OUT_OF_SCOPE'])('%s is a person’s to waive', (code) => {
  expect(isWaivable(of(code))).toBe(true);
  expect(leftToPerson([of(code)])).toMatchObject([{ needs_waiver: true }]);
});

test.each<ReasonCode>(['CHECK_FAILED', 'CHECK_ERROR', 'PATH_DENIED', 'SECRET_FOUND', 'RED_LINE', 'REVIEW_REJECTED', 'CITATION_INVALID'])(
  '%s is nobody’s to waive, and keeps what stands beside it from being left to a person',
  (code) => {
    expect(isWaivable(of(code))).toBe(false);
    expect(leftToPerson([of('TESTS_WEAKENED'), of(code)])).toBeUndefined();
  },
);

test('minor findings are left as they are; too many are no exception any more', () => {
  expect(leftToPerson([of('TESTS_WEAKENED'), of('CHECK_FAILED', { severity: 'minor' })])).toEqual([
    of('TESTS_WEAKENED', { needs_waiver: true }),
    of('CHECK_FAILED', { severity: 'minor' }),
  ]);
  const many = (count: number) => Array.from({ length: count }, (_unused, index) => of('OUT_OF_SCOPE', { id: `F-${index}` }));
  expect(leftToPerson(many(MAX_OPEN_FINDINGS))).toHaveLength(MAX_OPEN_FINDINGS);
  expect(leftToPerson(many(MAX_OPEN_FINDINGS + 1))).toBeUndefined();
});

test('what needs a waiver blocks nothing, and each is open once', () => {
  const open = of('TESTS_WEAKENED', { needs_waiver: true });
  expect(isBlocking(open)).toBe(false);
  expect(isBlocking(of('TESTS_WEAKENED'))).toBe(true);
  expect(openFindings({ findings: [open, open, of('OUT_OF_SCOPE')] })).toEqual([open]);
});

test('each who approves waives for themselves, and a rejection waives nothing', () => {
  const open = [of('TESTS_WEAKENED', { needs_waiver: true })];
  const vote = (id: string, more: Partial<Vote>): Vote => ({
    by: { id, role: 'approver', method: 'key' },
    decision: 'approved',
    comment: '',
    selfApproved: false,
    at: 'now',
    ...more,
  });
  const ada = vote('ada', { waive: ['F-TESTS_WEAKENED'] });
  expect(unwaived({ votes: [ada] }, open)).toEqual([]);
  expect(unwaived({ votes: [] }, open)).toEqual(open);
  expect(unwaived({ votes: [ada, vote('bob', {})] }, open)).toEqual(open);
  expect(waiversOf({ votes: [ada, vote('eve', { decision: 'rejected', waive: ['F-TESTS_WEAKENED'] })] })).toEqual([
    { finding_id: 'F-TESTS_WEAKENED', by: 'ada', at: 'now' },
  ]);
});
