/** Every form of an answer that clients send, and everything that must never count as consent. */
import { describe, expect, test } from 'vitest';
import { ACCEPTED, microUsd, parseAnswer } from '../../../server/governed/answers.ts';

const ID = 'a'.repeat(32);
const OTHER = 'b'.repeat(32);
const release = { interruptId: ID, gate: 'release' } as const;
const plan = { interruptId: ID, gate: 'plan' } as const;
const budget = { interruptId: ID, gate: 'budget' } as const;

const fanOut = { ...budget, fanOut: true } as const;

const PLAN = { summary: 's', items: [{ id: 'a', title: 't', goal: 'g', paths: [] }] };
const APPROVED = { kind: 'decision', decision: 'approved' };

describe('decisions', () => {
  test.each([
    ['our own', release, { decision: 'approved' }, APPROVED],
    [
      'our own, with all members',
      release,
      { decision: 'approved', comment: 'c', subject: 'd' },
      { ...APPROVED, comment: 'c', subject: 'd' },
    ],
    ['our own rejection', release, { decision: 'rejected', comment: 'no' }, { kind: 'decision', decision: 'rejected', comment: 'no' }],
    ['our own edit', plan, { decision: 'approved', edit: PLAN }, { ...APPROVED, edit: PLAN }],
    ['our own amount', budget, { decision: 'approved', add_usd: 1.5 }, { ...APPROVED, addMicroUsd: 1_500_000 }],
    ['a fan-out, without an amount', fanOut, { decision: 'approved' }, APPROVED],
    ['a fan-out, accepted in an inbox', fanOut, [{ type: 'accept', args: null }], APPROVED],
    ['a fan-out with more money', fanOut, { decision: 'approved', add_usd: 2 }, { ...APPROVED, addMicroUsd: 2_000_000 }],
    ['keyed by the interrupt', release, { [ID]: { decision: 'approved' } }, APPROVED],
    ['keyed by the interrupt, in another form', release, { [ID]: [{ type: 'accept', args: null }] }, APPROVED],
    ['HITL approve', release, { decisions: [{ type: 'approve' }] }, APPROVED],
    ['HITL reject', plan, { decisions: [{ type: 'reject', message: 'no' }] }, { kind: 'decision', decision: 'rejected', comment: 'no' }],
    [
      'HITL edit in snake case',
      plan,
      { decisions: [{ type: 'edit', edited_action: { name: 'approve_plan', args: PLAN } }] },
      { ...APPROVED, edit: PLAN },
    ],
    [
      'HITL edit in camel case, with the subject it was shown',
      plan,
      { decisions: [{ type: 'edit', editedAction: { name: 'approve_plan', args: { ...PLAN, subject: 'd' } } }] },
      { ...APPROVED, edit: PLAN, subject: 'd' },
    ],
    [
      'HITL edit of the amount',
      budget,
      { decisions: [{ type: 'edit', edited_action: { name: 'approve_budget', args: { add_usd: '2.25' } } }] },
      { ...APPROVED, addMicroUsd: 2_250_000 },
    ],
    ['Inbox accept', release, [{ type: 'accept', args: null }], APPROVED],
    [
      'Inbox accept that gives back what it was shown',
      release,
      [{ type: 'accept', args: { action: 'approve_release', args: { subject: 'd', candidate: 'c' } } }],
      { ...APPROVED, subject: 'd' },
    ],
    [
      'Inbox edit, whose arguments are all text',
      plan,
      [{ type: 'edit', args: { action: 'approve_plan', args: { summary: 's', items: JSON.stringify(PLAN.items) } } }],
      { ...APPROVED, edit: PLAN },
    ],
    [
      'Inbox edit of the amount',
      budget,
      [{ type: 'edit', args: { action: 'approve_budget', args: { subject: 'd', add_usd: '3' } } }],
      { ...APPROVED, addMicroUsd: 3_000_000, subject: 'd' },
    ],
  ])('%s', (_name, pending, resume, expected) => {
    expect(parseAnswer(resume, pending)).toEqual(expected);
  });
});

describe('Agent Inbox, which has no rejection', () => {
  test('a response is one, with its words as the comment, whatever they say', () => {
    expect(parseAnswer([{ type: 'response', args: 'looks good, go on' }], release)).toEqual({
      kind: 'decision',
      decision: 'rejected',
      comment: 'looks good, go on',
    });
  });
  test('an empty response is none', () => {
    expect(parseAnswer([{ type: 'response', args: ' ' }], release)).toMatchObject({
      kind: 'unparseable',
      why: expect.stringMatching(/needs a comment/),
    });
  });
  test('an Inbox ignore is nothing at all', () => {
    expect(parseAnswer([{ type: 'ignore', args: null }], release)).toEqual({ kind: 'ignored' });
  });
});

describe('never consent', () => {
  const cases: readonly [string, Parameters<typeof parseAnswer>[1], unknown][] = [
    ['nothing', release, undefined],
    ['null', release, null],
    ['true', release, true],
    ['a number', release, 1],
    ['an empty text', release, ''],
    ['"yes"', release, 'yes'],
    ['"approved"', release, 'approved'],
    ['a decision as text', release, '{"decision":"approved"}'],
    ['an empty object', release, {}],
    ['an empty list', release, []],
    ['{ approved: true }', release, { approved: true }],
    ['an unknown decision', release, { decision: 'approve!' }],
    ['a decision with a member more', release, { decision: 'approved', as: 'admin' }],
    ['a rejection without a comment', release, { decision: 'rejected' }],
    ['a rejection with a blank comment', release, { decision: 'rejected', comment: ' ' }],
    ['a rejection with an edit', plan, { decision: 'rejected', comment: 'c', edit: PLAN }],
    ['an edit at the release gate', release, { decision: 'approved', edit: PLAN }],
    ['an amount at the release gate', release, { decision: 'approved', add_usd: 1 }],
    ['a waiver at the plan gate', plan, { decision: 'approved', waive: ['F-1'] }],
    ['a rejection that waives', release, { decision: 'rejected', comment: 'c', waive: ['F-1'] }],
    ['a waiver that is no list', release, { decision: 'approved', waive: 7 }],
    ['no amount at the budget gate', budget, { decision: 'approved' }],
    ['an amount of nothing', budget, { decision: 'approved', add_usd: 0 }],
    ['a negative amount', budget, { decision: 'approved', add_usd: -1 }],
    ['an amount in words', budget, { decision: 'approved', add_usd: 'lots' }],
    ['HITL approve at the budget gate', budget, { decisions: [{ type: 'approve' }] }],
    ['no HITL decision', release, { decisions: [] }],
    ['two HITL decisions', release, { decisions: [{ type: 'approve' }, { type: 'approve' }] }],
    ['an unknown HITL decision', release, { decisions: [{ type: 'yes' }] }],
    ['a HITL response', release, { decisions: [{ type: 'respond', message: 'yes' }] }],
    ['a HITL rejection without a message', release, { decisions: [{ type: 'reject' }] }],
    ['a HITL edit of a release', release, { decisions: [{ type: 'edit', edited_action: { name: 'approve_release', args: {} } }] }],
    ['a HITL edit of nothing', plan, { decisions: [{ type: 'edit' }] }],
    [
      'a HITL edit that says two things',
      plan,
      {
        decisions: [
          { type: 'edit', edited_action: { name: 'approve_plan', args: {} }, editedAction: { name: 'approve_plan', args: PLAN } },
        ],
      },
    ],
    ['a HITL edit of another action', plan, { decisions: [{ type: 'edit', edited_action: { name: 'deploy', args: PLAN } }] }],
    [
      'more than the amount',
      budget,
      { decisions: [{ type: 'edit', edited_action: { name: 'approve_budget', args: { add_usd: 1, x: 1 } } }] },
    ],
    ['an Inbox accept alone, without its list', release, { type: 'accept', args: null }],
    ['two Inbox answers', release, [{ type: 'accept' }, { type: 'accept' }]],
    ['an unknown Inbox answer', release, [{ type: 'approve' }]],
    ['an Inbox accept of another action', release, [{ type: 'accept', args: { action: 'approve_plan', args: {} } }]],
    ['an Inbox accept at the budget gate', budget, [{ type: 'accept', args: null }]],
    ['an Inbox edit of a release', release, [{ type: 'edit', args: { action: 'approve_release', args: {} } }]],
    ['an empty Inbox response', release, [{ type: 'response', args: '  ' }]],
    ['an answer to another interrupt', release, { [OTHER]: { decision: 'approved' } }],
    ['answers to two interrupts', release, { [ID]: { decision: 'approved' }, [OTHER]: { decision: 'approved' } }],
    ['an answer within an answer within', release, { [ID]: { [ID]: { decision: 'approved' } } }],
  ];
  test.each(cases)('%s', (_name, pending, resume) => {
    const answer = parseAnswer(resume, pending);
    expect(answer.kind).toBe('unparseable');
    expect(answer).toMatchObject({ why: expect.stringMatching(/\w{3}/) });
  });

  test('and whoever sends such is told what is accepted', () => {
    for (const word of ['decision', 'decisions', 'accept', 'interrupt id']) expect(ACCEPTED).toContain(word);
  });
});

test('an amount is exact to the micro-dollar', () => {
  expect(microUsd('0.000001')).toBe(1);
  expect(microUsd(12.3)).toBe(12_300_000);
  for (const bad of ['0', '1e3', '0x10', '1.0000001', ' ', 'Infinity', '-1', '1,5']) expect(microUsd(bad)).toBeUndefined();
});
