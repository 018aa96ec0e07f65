/** Approval records: about one subject, by different people, decided once, used once, and every step of it in the audit trail. */
import { describe, expect, test } from 'vitest';
import type { CoreStores } from '../../checkpoints/core.ts';
import { FencedError } from '../../domain/errors.ts';
import type { ApprovalRow } from '../../domain/ports.ts';
import type { Vote } from '../../domain/vote.ts';
import { leased, threadOf } from '../checkpoints/home.ts';
import { eachLeased, fence, home, type Suite, stores } from './backend.ts';

const DIGEST = 'd'.repeat(64);
const OTHER = 'e'.repeat(64);
type Wanted = Parameters<CoreStores['approvals']['open']>[0];
const wantedOf = (more: Partial<Wanted> = {}): Wanted => ({
  threadId: threadOf(1),
  gate: 'release',
  subject: { digest: DIGEST, tree: 't' },
  required: { role: 'approver', min: 1, notStarter: true },
  shown: { files: 2 },
  ...more,
});
const voteOf = (person: string, more: Partial<Vote> = {}): Vote => ({
  by: { id: `local:${person}`, role: 'approver', method: 'cli' },
  decision: 'approved',
  comment: 'fine',
  selfApproved: false,
  at: '2026-01-01T00:00:00.000Z',
  ...more,
});
const approvals = () => stores.approvals;
const actions = async (): Promise<string[]> => (await stores.audit.read({ threadId: threadOf(1) })).map((record) => record.action);
const given = async (): Promise<ApprovalRow> => {
  const { id } = await approvals().open(wantedOf());
  return approvals().vote(id, DIGEST, voteOf('ada'));
};
const usage = (text: string | RegExp, code = 'USAGE') => ({ name: 'UsageError', code, message: expect.stringMatching(text) });

export const approvalsSuite: Suite = (name, backend) =>
  describe(`${name}: approvals`, () => {
    eachLeased(backend);

    describe('a gate', () => {
      test('opens once for a subject: the same again, from another connection too, is the same pending record', async () => {
        const row = await approvals().open(wantedOf());
        expect(row).toMatchObject({ ...wantedOf(), round: 1, status: 'pending', votes: [], decidedAt: null, usedBy: null });
        expect(row.id).toMatch(/^[0-9a-f]{32}$/);
        expect(await (await home.open()).approvals.open(wantedOf())).toEqual(row);
        expect(await approvals().get(row.id)).toEqual(row);
        expect(await actions()).toEqual(['approval-request']);
      });

      test('keeps its decision when it is opened again: what was rejected or approved is not asked a second time', async () => {
        const approved = await given();
        expect(await approvals().open(wantedOf())).toEqual(approved);
        const plan = await approvals().open(wantedOf({ gate: 'plan' }));
        const rejected = await approvals().vote(plan.id, DIGEST, voteOf('ada', { decision: 'rejected' }));
        expect(await approvals().open(wantedOf({ gate: 'plan' }))).toEqual(rejected);
      });

      test('is another one for another subject, gate or thread', async () => {
        const rows = [
          await approvals().open(wantedOf()),
          await approvals().open(wantedOf({ subject: { digest: OTHER } })),
          await approvals().open(wantedOf({ gate: 'plan' })),
          await approvals().open(wantedOf({ threadId: threadOf(2) })),
        ];
        expect(new Set(rows.map((row) => row.id)).size).toBe(4);
        expect((await approvals().list({ threadId: threadOf(1) })).map((row) => row.id)).toEqual(rows.slice(0, 3).map((row) => row.id));
        await approvals().vote(rows[1]?.id ?? '', OTHER, voteOf('ada'));
        expect((await approvals().list({ status: 'pending' })).map((row) => row.id)).toEqual([rows[0]?.id, rows[2]?.id, rows[3]?.id]);
        expect(await approvals().newest(threadOf(1), 'release', OTHER)).toMatchObject({ status: 'approved' });
        expect(await approvals().newest(threadOf(1), 'release', 'none')).toBeUndefined();
        expect(await approvals().get('none')).toBeUndefined();
      });
    });

    describe('a vote', () => {
      test('decides when enough different people have given it, and not one earlier', async () => {
        const { id } = await approvals().open(wantedOf({ required: { role: 'approver', min: 3, notStarter: true } }));
        expect(await approvals().vote(id, DIGEST, voteOf('ada'))).toMatchObject({ status: 'pending', decidedAt: null });
        await expect(approvals().vote(id, DIGEST, voteOf('ada'))).rejects.toMatchObject(
          usage('local:ada has voted already; 3 different people'),
        );
        expect(await approvals().vote(id, DIGEST, voteOf('bob'))).toMatchObject({ status: 'pending' });
        home.clock.ms += 60_000;
        const row = await approvals().vote(id, DIGEST, voteOf('cyd'));
        expect(row).toMatchObject({ status: 'approved', decidedAt: '2026-01-01T00:01:00.000Z' });
        expect(row.votes.map((vote) => vote.by.id)).toEqual(['local:ada', 'local:bob', 'local:cyd']);
        expect(await actions()).toEqual(['approval-request', 'approval-vote', 'approval-vote', 'approval-vote', 'approval-decided']);
      });

      test('for another subject is stale and is not counted', async () => {
        const { id } = await approvals().open(wantedOf());
        await expect(approvals().vote(id, OTHER, voteOf('ada'))).rejects.toMatchObject(usage(`about subject ${DIGEST}`, 'APPROVAL_STALE'));
        await expect(approvals().vote('none', DIGEST, voteOf('ada'))).rejects.toMatchObject(usage('there is no such approval'));
        expect(await approvals().get(id)).toMatchObject({ status: 'pending', votes: [] });
        expect(await actions()).toEqual(['approval-request']);
      });

      test.each(['approved', 'edited', 'rejected'] as const)('after the decision "%s" changes nothing', async (decision) => {
        const { id } = await approvals().open(wantedOf());
        const row = await approvals().vote(id, DIGEST, voteOf('ada', { decision }));
        expect(row.status).toBe(decision);
        for (const late of ['approved', 'rejected'] as const)
          await expect(approvals().vote(id, DIGEST, voteOf('bob', { decision: late }))).rejects.toMatchObject(
            usage(`is ${decision}; it can no longer be decided`),
          );
        expect(await approvals().get(id)).toEqual(row);
      });

      test('that rejects decides at once, however many have agreed', async () => {
        const { id } = await approvals().open(wantedOf({ required: { role: 'approver', min: 3, notStarter: false } }));
        for (const person of ['ada', 'bob']) await approvals().vote(id, DIGEST, voteOf(person));
        expect(await approvals().vote(id, DIGEST, voteOf('cyd', { decision: 'rejected', comment: 'no' }))).toMatchObject({
          status: 'rejected',
          votes: [{ decision: 'approved' }, { decision: 'approved' }, { decision: 'rejected', comment: 'no' }],
        });
      });

      test('that edits makes the decision an edit, whoever else agrees', async () => {
        const { id } = await approvals().open(wantedOf({ gate: 'plan', required: { role: 'approver', min: 2, notStarter: false } }));
        await approvals().vote(id, DIGEST, voteOf('ada', { decision: 'edited', edit: { summary: 'smaller' } }));
        expect(await approvals().vote(id, DIGEST, voteOf('bob'))).toMatchObject({
          status: 'edited',
          votes: [{ edit: { summary: 'smaller' } }, { decision: 'approved' }],
        });
      });

      test('is on the record with who gave it, for what, and whether it was their own run', async () => {
        const { id } = await approvals().open(wantedOf());
        await approvals().vote(id, DIGEST, voteOf('ada', { selfApproved: true, comment: 'x'.repeat(2000) }));
        expect((await stores.audit.read({}))[1]).toMatchObject({
          actor: 'local:ada',
          action: 'approval-vote',
          facts: { approval: id, subject: DIGEST, decision: 'approved', self_approved: true, comment: 'x'.repeat(500) },
        });
      });

      test('from two connections on one needed vote is one decision and one refusal', async () => {
        const second = await home.open();
        const { id } = await approvals().open(wantedOf());
        const ends = await Promise.allSettled([
          approvals().vote(id, DIGEST, voteOf('ada')),
          second.approvals.vote(id, DIGEST, voteOf('bob', { decision: 'rejected' })),
        ]);
        expect(ends.map((end) => end.status).toSorted()).toEqual(['fulfilled', 'rejected']);
        expect((await approvals().get(id))?.votes.length).toBe(1);
      });
    });

    describe('a void record', () => {
      test('is what a cancel leaves of the pending gates of that thread, and the next opening is a new round with a new id', async () => {
        const first = await approvals().open(wantedOf());
        const other = await approvals().open(wantedOf({ threadId: threadOf(2) }));
        const decided = await approvals().open(wantedOf({ gate: 'plan' }));
        await approvals().vote(decided.id, DIGEST, voteOf('ada'));
        await approvals().void(threadOf(1));
        expect((await approvals().list({})).map((row) => row.status)).toEqual(['void', 'pending', 'approved']);
        await expect(approvals().vote(first.id, DIGEST, voteOf('ada'))).rejects.toMatchObject(
          usage('is void; it can no longer be decided'),
        );
        const next = await approvals().open(wantedOf());
        expect(next).toMatchObject({ round: 2, status: 'pending', votes: [] });
        expect(next.id).not.toBe(first.id);
        expect(await approvals().newest(threadOf(1), 'release', DIGEST)).toEqual(next);
        expect(await approvals().get(other.id)).toEqual(other);
      });

      test('may be one that was given and has expired; a second time, or of another thread, does nothing', async () => {
        const row = await given();
        await approvals().void(threadOf(2), row.id);
        expect(await approvals().get(row.id)).toEqual(row);
        for (let times = 0; times < 2; times++) await approvals().void(threadOf(1), row.id);
        expect(await approvals().get(row.id)).toMatchObject({ status: 'void' });
        expect((await actions()).filter((action) => action === 'approval-void')).toHaveLength(1);
      });

      test('is never one that a release has used', async () => {
        const row = await given();
        await approvals().use(fence, row.id, 'release 1');
        await approvals().void(threadOf(1), row.id);
        expect(await approvals().get(row.id)).toMatchObject({ status: 'approved', usedBy: 'release 1' });
      });
    });

    describe('a use', () => {
      test('is for one release: the same one may ask again, another one may not', async () => {
        const { id } = await given();
        const second = await home.open();
        const used = [
          await approvals().use(fence, id, 'release 1'),
          await approvals().use(fence, id, 'release 1'),
          await second.approvals.use(fence, id, 'release 2'),
        ];
        expect(used).toEqual([true, true, false]);
        expect(await approvals().get(id)).toMatchObject({ usedBy: 'release 1' });
        expect((await actions()).filter((action) => action === 'approval-used')).toHaveLength(1);
      });

      test.each(['pending', 'rejected', 'void'] as const)('of a %s record is refused and leaves it unused', async (status) => {
        const { id } = await approvals().open(wantedOf());
        if (status === 'rejected') await approvals().vote(id, DIGEST, voteOf('ada', { decision: 'rejected' }));
        if (status === 'void') {
          await approvals().vote(id, DIGEST, voteOf('ada'));
          await approvals().void(threadOf(1), id);
        }
        expect(await approvals().use(fence, id, 'release 1')).toBe(false);
        expect(await approvals().get(id)).toMatchObject({ status, usedBy: null });
      });

      test('by another thread, or by a process that lost the lease, is refused', async () => {
        const { id } = await given();
        const other = await leased(stores, threadOf(2));
        expect(await approvals().use(other, id, 'release 1')).toBe(false);
        await stores.runs.release(fence);
        await stores.runs.acquire(fence.threadId);
        await expect(approvals().use(fence, id, 'release 1')).rejects.toBeInstanceOf(FencedError);
        expect(await approvals().get(id)).toMatchObject({ usedBy: null });
      });
    });
  });
