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
      { type: 'ai', id: 'plan-1', name: 'plan', content: 'Plan 1' },
      { type: 'ai', id: 'plan-2', name: 'plan', content: 'Plan 2' },
    ],
  });
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
  expect(content).toMatch(/^界+\.\.\.$/);
  expect(cut('short', 10)).toBe('short');
});
