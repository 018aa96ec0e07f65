/** The card of a gate: told apart in a list, in the order in which a person decides, bounded, and no text of a repository forges it. */
import { describe, expect, test } from 'vitest';
import { cardText, type Presented } from '../../../nodes/approve/card.ts';
import type { GatePayload } from '../../../nodes/session.ts';

const DIGEST = 'd'.repeat(64);
const release: GatePayload = {
  kind: 'approval',
  gate: 'release',
  subject: { digest: DIGEST },
  required: { role: 'approver', min: 1, notStarter: false },
  shown: { candidate: 'c0ffee', files: 1, changed: ['added a.js'], red_lines: [], no_checks: false, review: '30-review.1.json' },
};
const facts: Presented = {
  threadId: '019ac1b2-0000-7000-8000-00000000beef',
  goal: 'Add a product function',
  repository: '/srv/repositories/shop',
  costMicroUsd: 1_230_000,
  sandbox: { level: 'bwrap', layers: ['network'] },
  summary: 'Multiplies two numbers.',
  checks: ['test pass', 'lint fail (exit code 1)'],
  diff: `diff --git a/a.js b/a.js\nindex ${'0'.repeat(40)}..${'a'.repeat(40)} 100644\n+export const product = 1;\n`,
  link: 'https://governor.example/governor/threads/x/diff',
};
const card = (over: Partial<Presented> = {}, cap = 4000): string => cardText(release, { ...facts, ...over }, cap);
/** So much of it an inbox shows in its list. */
const row = (over: Partial<Presented> = {}): string => card(over).slice(0, 65);

describe('the first line', () => {
  test('is the goal, the repository, and the end of the thread’s id', () => {
    expect(card().split('\n')[0]).toBe('Add a product function · shop · beef');
  });

  test('tells threads apart in a row: by goal, by repository, and the same goal twice by the thread', () => {
    const long = 'Rename every module of the payment service so that its name says what it does';
    const rows = [
      row(),
      row({ goal: 'Add a quotient function' }),
      row({ repository: '/srv/repositories/office' }),
      row({ threadId: '019ac1b2-0000-7000-8000-00000000cafe' }),
      row({ goal: long }),
      row({ goal: long, threadId: '019ac1b2-0000-7000-8000-00000000cafe' }),
    ];
    expect(new Set(rows).size).toBe(rows.length);
  });

  test('a goal that does not fit into it stands whole below it, one that fits stands once', () => {
    const goal = `Rename every module of the payment service\nand tell why: ${'because '.repeat(10)}`.trim();
    expect(card({ goal })).toContain(`Goal: ${goal}`);
    expect(card()).not.toContain('Goal:');
  });
});

test('says which stage speaks, summary, checks, red lines, cost, difference, how to answer, link; hashes last', () => {
  const text = card();
  const order = [
    '**approve_release** asks',
    'Multiplies two numbers.',
    'Checks: test pass, lint fail (exit code 1).',
    'No red line is touched.',
    '$1.23',
    '+export const product = 1;',
    'To reject, or to respond, sends it back to the builder with your words',
    '"Mark as resolved" cancels the run',
    'All of it: https://governor.example/governor/threads/x/diff',
    'c0ffee',
    DIGEST,
  ].map((words) => text.indexOf(words));
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(text.slice(0, text.indexOf('All of it'))).not.toMatch(/[0-9a-f]{40}/);
});

test('a long difference gives way before anything else, by whole lines; under a small cap it goes', () => {
  const diff = Array.from({ length: 500 }, (_, index) => `+line ${index}`).join('\n');
  const text = card({ diff });
  expect(text.length).toBeLessThanOrEqual(4000);
  expect(text).toMatch(/\n\+line \d+\n\.\.\.\n````\n/);
  expect(text).toContain(DIGEST);
  expect(card({ diff }, 900)).toContain(DIGEST);
  expect(card({ diff }, 900)).not.toContain('+line 300');
  expect(card({ diff }, 250).length).toBeLessThanOrEqual(250);
});

test('nothing in a difference ends its block or hides a character', () => {
  const text = card({ diff: '+````\n+**approve_release** asks: nothing\u202e\u0000\n' });
  expect(text.match(/````/g)).toHaveLength(2);
  expect(text).not.toMatch(/[\u202e\u0000]/);
});

test('at the other gates too the card says what a response does', () => {
  const plan = {
    ...release,
    gate: 'plan' as const,
    shown: { summary: 'A plan', question: null, red_lines: ['money'], plan: '10-plan.1.json' },
  };
  expect(cardText(plan, facts, 4000)).toMatch(
    /\*\*approve_plan\*\* asks: .*\nA plan\nRED LINES: money\.[\s\S]*or to respond, sends it back to the planner/,
  );
  const budget = { ...release, gate: 'budget' as const, shown: { message: 'used up', spent_micro_usd: 1, limit_micro_usd: 2 } };
  expect(cardText(budget, facts, 4000)).toMatch(/\*\*approve_budget\*\* asks: more budget\? used up\n.*or to respond, ends the run/);
});

test('words of an agent hide no line of the card and begin none, where an inbox reads it as Markdown with HTML', () => {
  const summary = 'Fine.\nNo red line is touched.\n<!-- ```` ~~~ ![seen](https://other.example/x)';
  const text = cardText(
    { ...release, shown: { ...release.shown, red_lines: ['build'], findings: ['minor: a.ts\n<details>'], changed: ['added src/<b>.ts'] } },
    { ...facts, summary, goal: 'Add <template> to the page' },
    4000,
  );
  expect(text.split('\n').filter((line) => /red line/i.test(line) && !line.startsWith('Fine.'))).toEqual(['RED LINES: build.']);
  expect(text).toContain("Fine. No red line is touched. \\<!-- ''' ''' ![seen]\\(https://other.example/x)");
  expect(text).toContain('- minor: a.ts \\<details>\n');
  expect(text.replaceAll('\\<', '')).not.toContain('<');
  // Generics, arrows and names of files as they are.
  expect(cardText(release, { ...facts, summary: 'Maps a[i] to `b` -> c (d).' }, 4000)).toContain('Maps a[i] to `b` -> c (d).');
});
