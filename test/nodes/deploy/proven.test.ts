/** A row that says more than the trail is no consent; the row that was recorded is. */
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../../domain/audit.ts';
import type { ApprovalRow } from '../../../domain/ports.ts';
import type { Vote } from '../../../domain/vote.ts';
import { assertProven } from '../../../nodes/deploy/proven.ts';
import { recordsOf } from '../../fakes/approval-records.ts';
import { fakeSession } from '../../fakes/session.ts';

const vote = (id: string, more: Partial<Vote> = {}): Vote => ({
  by: { id, role: 'approver', method: 'key' },
  decision: 'approved',
  comment: '',
  selfApproved: false,
  at: '',
  ...more,
});
const ROW: ApprovalRow = {
  id: 'a',
  threadId: 'th',
  gate: 'release',
  round: 1,
  subject: { digest: 'd' },
  required: { role: 'approver', min: 2, notStarter: true },
  shown: {},
  status: 'approved',
  votes: [vote('ada'), vote('bob', { waive: ['F-1'] })],
  decidedAt: '',
  usedBy: null,
  createdAt: '',
};
const check = (row: ApprovalRow, records: AuditRecord[]) =>
  assertProven(fakeSession({ facts: { threadId: 'th' }, stores: { audit: { proven: async () => records } } }), row);

test('what was asked, voted and decided as the trail tells is consent, beside other approvals of the thread', async () => {
  const other = recordsOf({ ...ROW, id: 'b', status: 'rejected', votes: [vote('eve', { decision: 'rejected' })] });
  await check(ROW, [...other, ...recordsOf(ROW)]);
});

test.each<[string, Partial<ApprovalRow>, RegExp]>([
  ['a vote that nobody gave', { votes: [...ROW.votes, vote('eve')] }, /its votes are .*approved by eve/],
  ['another voter', { votes: [vote('eve'), vote('bob', { waive: ['F-1'] })] }, /approved by eve/],
  ['a waiver that nobody gave', { votes: [vote('ada', { waive: ['F-1'] }), vote('bob', { waive: ['F-1'] })] }, /its votes/],
  ['fewer people than were needed', { required: { role: 'approver', min: 1, notStarter: true } }, /needs 1 of role approver/],
  ['another subject', { subject: { digest: 'e' } }, /subject e/],
  ['approved where it was not', { status: 'edited' }, /it is edited/],
])('a row with %s is refused', async (_what, change, words) => {
  await expect(check({ ...ROW, ...change }, recordsOf(ROW))).rejects.toMatchObject({
    code: 'STATE_TAMPERED',
    message: expect.stringMatching(words),
  });
});

test('a row of which the trail knows nothing, and one that was voided, are refused', async () => {
  await expect(check(ROW, [])).rejects.toMatchObject({ code: 'STATE_TAMPERED', message: expect.stringContaining('nobody was asked') });
  const [first, ...rest] = recordsOf(ROW);
  if (first === undefined) throw new Error('there is one');
  await expect(check(ROW, [first, ...rest, { ...first, action: 'approval-void' }])).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
});
