/** A release with open findings goes only with a record that waives each of them, by everybody who approved. */
import { expect, test } from 'vitest';
import { configSchema } from '../../../domain/config.ts';
import { type BuildBody, buildBodySchema, type ReviewBody, reviewBodySchema } from '../../../domain/handoff.ts';
import type { ApprovalRow } from '../../../domain/ports.ts';
import type { Vote } from '../../../domain/vote.ts';
import { findConsent } from '../../../nodes/deploy/consent.ts';
import { releaseSubject } from '../../../nodes/release-subject.ts';
import type { Session } from '../../../nodes/session.ts';
import { recordsOf } from '../../fakes/approval-records.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';

const build: BuildBody = buildBodySchema.parse({
  base: 'b',
  commit: 'c',
  tree: 't',
  branch: 'x',
  summary: 's',
  changes: [],
  agents: [],
  answers: [],
});
const reviewOf = (...open: string[]): ReviewBody =>
  reviewBodySchema.parse({
    base: 'b',
    commit: 'c',
    tree: 't',
    verdict: 'pass',
    checks: [],
    red_lines: [],
    findings: open.map((id) => ({ id, source: 's', severity: 'major', code: 'TESTS_WEAKENED', message: 'm', needs_waiver: true })),
    critic: { called: true, verdict: 'pass' },
  });
const refs = { plan: { path: 'p', sha256: 'p' }, review: { path: 'r', sha256: 'r' } };

/** The policy asks nobody; what was approved is `given`, with these waivers of each person. */
async function consent(review: ReviewBody, waived: readonly (readonly string[])[], given = review) {
  const config = configSchema.parse({ version: 1, checks: [{ id: 'test', run: ['true'] }], release: { approval: 'on-red-line' } });
  const facts = { threadId: 'th', config, request: only<Session['facts']['request']>('request', { policy_digest: 'y' }) };
  const votes = waived.map(
    (waive, index): Vote => ({
      by: { id: `p${index}`, role: 'approver', method: 'key' },
      decision: 'approved',
      comment: '',
      waive,
      selfApproved: false,
      at: '',
    }),
  );
  const row: ApprovalRow = {
    id: 'a',
    threadId: 'th',
    gate: 'release',
    round: 1,
    subject: releaseSubject(fakeSession({ facts }), refs, build, given),
    required: { role: 'approver', min: votes.length, notStarter: false },
    shown: {},
    status: 'approved',
    votes,
    decidedAt: '1970-01-01T00:00:00.000Z',
    usedBy: null,
    createdAt: '',
  };
  return findConsent(
    fakeSession({ facts, stores: { approvals: { get: async () => row }, audit: { proven: async () => recordsOf(row) } } }),
    { id: 'a', refs, build, review },
  );
}

test('each open finding waived by each person is consent', async () => {
  expect(
    await consent(reviewOf('F-1', 'F-2'), [
      ['F-1', 'F-2'],
      ['F-2', 'F-1'],
    ]),
  ).toMatchObject({ kind: 'given', row: { id: 'a' } });
  expect(await consent(reviewOf(), [[]])).toEqual({ kind: 'given', row: null });
});

test('one that a person did not waive, and a finding that was not open when it was approved, are none', async () => {
  const stale = { code: 'APPROVAL_STALE', message: expect.stringContaining('does not waive F-2') };
  await expect(consent(reviewOf('F-1', 'F-2'), [['F-1', 'F-2'], ['F-1']])).rejects.toMatchObject(stale);
  await expect(consent(reviewOf('F-1'), [['F-1']], reviewOf())).rejects.toMatchObject({ code: 'APPROVAL_STALE' });
});
