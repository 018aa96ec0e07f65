/** Governed values as chat pages read them: messages made from what the state holds, each bounded. */
import { expect, test } from 'vitest';
import { cut, governedValues } from '../../../server/governed/view.ts';

test('the goal is the person’s message, and each stage and attempt is one of the governor’s', () => {
  const values = {
    goal: 'do it',
    route: 'build',
    notes: [
      { stage: 'plan', attempt: 1, text: 'Plan 1' },
      { stage: 'plan', attempt: 2, text: 'Plan 2' },
    ],
  };
  expect(governedValues(values)).toEqual({
    ...values,
    messages: [
      { type: 'human', id: 'goal', content: 'do it' },
      { type: 'ai', id: 'plan-1', name: 'plan', content: '**plan 1:** Plan 1' },
      { type: 'ai', id: 'plan-2', name: 'plan', content: '**plan 2:** Plan 2' },
    ],
  });
});

test('what was said at a gate stands before what became of it, and at the end while the gate is open', () => {
  const values = { goal: 'do it', notes: [{ stage: 'approve_plan', attempt: 1, text: 'approved' }] };
  const remark = (id: string, gate: number) => ({ id, stage: 'approve_plan', gate, said: `said ${id}`, answer: `heard ${id}` });
  const idsOf = (shown: unknown) => (shown as { messages: { id: string }[] }).messages.map(({ id }) => id); // as made here
  const remarks = [remark('a', 1), remark('b', 2)];
  expect(idsOf(governedValues(values, remarks))).toEqual(['goal', 'a', 'a-answer', 'approve_plan-1', 'b', 'b-answer']);
  expect(idsOf(governedValues(values, remarks, ['approve_plan']))).toEqual(['goal', 'a', 'a-answer', 'approve_plan-1', 'b', 'b-answer']);
  // In an earlier state it had not been said.
  expect(idsOf(governedValues(values, remarks, ['build']))).toEqual(['goal', 'a', 'a-answer', 'approve_plan-1']);
});

test('what is no state of a governed thread comes back as it is', () => {
  for (const values of [null, undefined, {}, [], 'x', { goal: '' }, { __interrupt__: [] }]) expect(governedValues(values)).toBe(values);
});

test('a message has at most 2 KB, whatever its characters', () => {
  const long = governedValues({ goal: 'g', notes: [{ stage: 'plan', attempt: 1, text: '界'.repeat(2000) }] }) as {
    messages: { content: string }[];
  }; // as made above
  const content = long.messages[1]?.content ?? '';
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(2048);
  expect(content).toMatch(/^\*\*plan 1:\*\* 界+\.\.\.$/);
  expect(cut('short', 10)).toBe('short');
});
