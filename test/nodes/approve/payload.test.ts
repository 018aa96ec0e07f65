/** A gate's question as clients see it: every form in one bounded object, the question itself untouched. */
import { describe, expect, test } from 'vitest';
import type { PlanBody } from '../../../domain/handoff.ts';
import { MAX_PAYLOAD_BYTES, presented } from '../../../nodes/approve/payload.ts';
import type { GatePayload } from '../../../nodes/session.ts';
import { parseAnswer } from '../../../server/governed/answers.ts';

const sandbox = { level: 'bwrap', layers: ['network', 'system-calls'] } as const;
/** What every card tells of its thread. */
const about = {
  threadId: '019ac1b2-0000-7000-8000-00000000beef',
  goal: 'Add a product function',
  repository: '/srv/shop',
  link: 'governor show 019ac1b2',
};

const subject = { base: 'b'.repeat(64), tree: 't'.repeat(64), digest: 'd'.repeat(64) };
const required = { role: 'approver', min: 1, notStarter: false };
const release: GatePayload = {
  kind: 'approval',
  gate: 'release',
  subject,
  required,
  shown: {
    candidate: 'c0ffee',
    files: 2,
    changed: ['added a.js', 'modified b.js'],
    red_lines: ['money'],
    no_checks: true,
    review: '30-review.1.json',
  },
};
const planGate: GatePayload = {
  kind: 'approval',
  gate: 'plan',
  subject,
  required: { role: 'approver', min: 2, notStarter: true },
  shown: { summary: 'add a product', question: null, red_lines: [], plan: '10-plan.1.json' },
};
const plan: PlanBody = {
  summary: 'add a product',
  items: [{ id: 'a', title: 'product', goal: 'multiply', paths: ['src/**'], done_when: [], depends_on: [] }],
  risks: [],
  citations: [],
};
const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('the release gate', () => {
  const made = presented(release, { ...about, sandbox, costMicroUsd: 1_230_000 });

  test('says what commands ran in, and loudly where that was nothing', () => {
    expect(made.description).toContain('Commands run in bwrap: network, system-calls.');
    const bare = presented(release, { ...about, sandbox: { level: 'unsafe', layers: ['growth-quota'] }, costMicroUsd: 0 });
    expect(bare.description).toContain('Commands run in NO SANDBOX: growth-quota.');
  });

  test('keeps the question and carries every form', () => {
    expect(made).toMatchObject(release);
    expect(made.action_request).toEqual({
      action: 'approve_release',
      args: { review: '30-review.1.json', candidate: 'c0ffee', subject: subject.digest },
    });
    expect(made.config).toEqual({ allow_accept: true, allow_edit: false, allow_respond: true, allow_ignore: false });
    expect(made.action_requests).toEqual([
      { name: 'approve_release', args: made.action_request.args, arguments: made.action_request.args, description: made.description },
    ]);
    expect(made.review_configs).toEqual([
      {
        action_name: 'approve_release',
        actionName: 'approve_release',
        allowed_decisions: ['approve', 'reject'],
        allowedDecisions: ['approve', 'reject'],
      },
    ]);
    expect(made.actionRequests).toEqual(made.action_requests);
    expect(made.reviewConfigs).toEqual(made.review_configs);
  });

  test('says where each red line comes from, and which rules may not say what was meant, inside of the cap', () => {
    const shown = {
      ...release.shown,
      red_lines: ['money', 'default:ci'],
      red_line_origins: ['of protect', 'by default'],
      warnings: ['"x" names no file'],
    };
    const { description } = presented({ ...release, shown }, { ...about, sandbox, costMicroUsd: 0 });
    expect(description).toContain('RED LINES: money of protect, default:ci by default.');
    expect(description).toContain('Warning: "x" names no file.');
    const many = Array.from({ length: 20 }, (_, at) => `codeowners:${at}000`);
    const wide = {
      ...shown,
      red_lines: many,
      red_line_origins: many.map(() => 'of CODEOWNERS'),
      warnings: Array.from({ length: 3 }, () => '界'.repeat(200)),
      changed: many.map(() => '界'.repeat(60)),
    };
    expect(bytes(presented({ ...release, shown: wide }, { ...about, sandbox, costMicroUsd: 0 }))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
  });

  test('says in words what is decided, the red lines, the cost, the difference and the subject', () => {
    for (const word of ['c0ffee', '2 file', 'RED LINES: money', 'NO CHECKS', '$1.23', 'role approver', subject.digest, 'added a.js'])
      expect(made.description).toContain(word);
  });

  test('an Inbox that accepts gives the subject back', () => {
    expect(parseAnswer([{ type: 'accept', args: made.action_request }], { interruptId: 'i', gate: 'release' })).toEqual({
      kind: 'decision',
      decision: 'approved',
      subject: subject.digest,
    });
  });
});

describe('a release gate with open findings', () => {
  const ids = Array.from({ length: 30 }, (_unused, index) => `F-${String(index).padStart(10, '0')}`);
  const open: GatePayload = {
    ...release,
    shown: { ...release.shown, waive: ids, findings: [`${ids[0]} TESTS_WEAKENED the test file a.test.js is deleted`] },
  };
  const made = presented(open, { ...about, sandbox, costMicroUsd: 0 });

  test('lists each by its id and says in words what the first are, within the cap', () => {
    expect(made.shown['waive']).toEqual(ids);
    for (const word of [...ids, 'TESTS_WEAKENED the test file a.test.js is deleted']) expect(made.description).toContain(word);
    expect(bytes(made)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(bytes(made.shown)).toBeLessThanOrEqual(2048);
  });

  test('cannot be accepted without a word; what an Inbox edits names the findings', () => {
    expect(made.config).toMatchObject({ allow_accept: false, allow_edit: true });
    expect(made.review_configs[0]?.allowed_decisions).toEqual(['edit', 'reject']);
    const args = { ...made.action_request.args, waive: `${ids[0]}, ${ids[1]}` };
    const answer = [{ type: 'edit', args: { action: 'approve_release', args } }];
    expect(parseAnswer(answer, { interruptId: 'i', gate: 'release' })).toEqual({
      kind: 'decision',
      decision: 'approved',
      waive: ids.slice(0, 2),
      subject: subject.digest,
    });
  });
});

describe('the plan gate', () => {
  test('a plan that fits can be edited where it is shown', () => {
    const made = presented(planGate, { ...about, sandbox, costMicroUsd: 0, plan });
    expect(made.config.allow_edit).toBe(true);
    expect(made.action_request.args).toEqual({ subject: subject.digest, ...plan });
    expect(made.description).toContain('2 people with role approver, not the starter, must decide');
    const answer = parseAnswer([{ type: 'edit', args: made.action_request }], { interruptId: 'i', gate: 'plan' });
    expect(answer).toMatchObject({ kind: 'decision', edit: plan, subject: subject.digest });
  });

  test('one that does not fit is named by its file and not offered for editing', () => {
    const [item] = plan.items;
    const large = {
      ...plan,
      items: Array.from({ length: 20 }, (_none, index) => ({ ...item, id: `i${index}`, goal: 'x'.repeat(200) })),
    } as PlanBody; // the same shape
    const made = presented(planGate, { ...about, sandbox, costMicroUsd: 0, plan: large });
    expect(made.config.allow_edit).toBe(false);
    expect(made.review_configs[0]?.allowed_decisions).toEqual(['approve', 'reject']);
    expect(made.action_request.args).toEqual({ subject: subject.digest, plan: '10-plan.1.json' });
    expect(bytes(made)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
  });

  test('stays bounded whatever a model writes', () => {
    const wide = { ...planGate, shown: { summary: '界'.repeat(680), question: null, red_lines: [], plan: '10-plan.1.json' } };
    const made = presented(wide, { ...about, sandbox, costMicroUsd: 0, plan: { ...plan, summary: '\u0000\u202e😀'.repeat(1000) } });
    expect(bytes(made)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(JSON.stringify(made.description)).not.toMatch(/\\ud[89ab]..(?!\\ud)/);
  });
});

test('every gate says what commands run in', () => {
  const budget = { message: 'used up', spent_micro_usd: 1, limit_micro_usd: 2 };
  for (const payload of [
    planGate,
    release,
    { ...planGate, gate: 'budget' as const, shown: budget },
    { ...planGate, gate: 'budget' as const, subject: { ...subject, fan_out: 'f' }, shown: budget },
  ])
    expect(presented(payload, { ...about, sandbox, costMicroUsd: 1 }).description).toContain(
      'Commands run in bwrap: network, system-calls.',
    );
});

test('the budget gate can only be approved with an amount', () => {
  const made = presented(
    {
      kind: 'approval',
      gate: 'budget',
      subject,
      required,
      shown: { message: 'used up', spent_micro_usd: 2_000_000, limit_micro_usd: 2_000_000 },
    },
    { ...about, sandbox, costMicroUsd: 2_000_000 },
  );
  expect(made.config).toMatchObject({ allow_accept: false, allow_edit: true });
  expect(made.review_configs[0]?.allowed_decisions).toEqual(['edit', 'reject']);
  expect(made.action_request.args).toEqual({ subject: subject.digest, add_usd: '' });
  expect(made.description).toContain('$2.00 of $2.00');
});

describe('the budget gate', () => {
  const budget = (more: Record<string, string>, shown: Record<string, unknown> = {}): GatePayload => ({
    kind: 'approval',
    gate: 'budget',
    subject: { ...more, digest: 'd'.repeat(64) },
    required: { role: 'operator', min: 1, notStarter: false },
    shown: { message: 'why', spent_micro_usd: 10_000, limit_micro_usd: 5_000_000, ...shown },
  });
  const pending = { interruptId: 'i', gate: 'budget' } as const;

  test('more money cannot be accepted without its amount', () => {
    const made = presented(budget({ cap: 'costMicroUsd' }), { ...about, sandbox, costMicroUsd: 10_000 });
    expect(made.config).toMatchObject({ allow_accept: false, allow_edit: true });
    expect(parseAnswer([{ type: 'accept', args: made.action_request }], pending)).toMatchObject({ kind: 'unparseable' });
  });

  test('a fan-out is shown with its estimate and titles, and can be accepted as it is', () => {
    const fanOut = { agents: 2, worst_case_micro_usd: 2_000_000, titles: ['the parser', 'the printer'] };
    const made = presented(budget({ fan_out: 'f' }, { fan_out: fanOut }), { ...about, sandbox, costMicroUsd: 10_000 });
    expect(made.shown).toMatchObject({ message: 'why', spent_micro_usd: 10_000, limit_micro_usd: 5_000_000, fan_out: fanOut });
    expect(made.config.allow_accept).toBe(true);
    for (const words of ['allow this fan-out? why', '- the parser', '- the printer', 'role operator'])
      expect(made.description).toContain(words);
    expect(bytes(made)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(parseAnswer([{ type: 'accept', args: made.action_request }], { ...pending, fanOut: true })).toMatchObject({
      decision: 'approved',
    });
  });
});
