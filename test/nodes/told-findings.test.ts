/** Findings in a brief: id, place and standing of each, and its words as far as they fit. */
import { expect, test } from 'vitest';
import type { Finding } from '../../domain/handoff.ts';
import { clipped, headOf, toldFindings } from '../../nodes/told-findings.ts';

const one: Finding = {
  id: 'C-1',
  source: 'critic',
  severity: 'major',
  code: 'REVIEW_REJECTED',
  path: 'src/a.js',
  line: 12,
  message: 'no null',
  round: 1,
  state: 'open',
};

test('place and standing stand before the words', () => {
  expect(toldFindings([one], 1000)).toBe('C-1 major REVIEW_REJECTED src/a.js:12 (still open, since attempt 1): no null');
  expect(headOf({ ...one, state: 'back', round: 3 })).toContain('(came back: it was closed before, since attempt 3)');
  expect(headOf({ ...one, state: 'new' })).toContain('(new)');
  const { path: _path, line: _line, round: _round, state: _state, ...old } = one;
  expect(headOf(old)).toBe('C-1 major REVIEW_REJECTED');
});

test('serious ones come first, none is kept back, and the words stay in bounds', () => {
  const many = Array.from({ length: 60 }, (_none, index) => ({
    ...one,
    id: `C-${index}`,
    severity: index === 59 ? ('blocker' as const) : ('minor' as const),
    message: `finding ${index}\n${'é'.repeat(2000)}`,
  }));
  const told = toldFindings(many, 16 * 1024);
  expect(told.startsWith('C-59 blocker')).toBe(true);
  for (const { id } of many) expect(told).toContain(`${id} `);
  expect(Buffer.byteLength(told)).toBeLessThan(16 * 1024 + 60 * 200);
  expect(clipped('éé', 3)).toBe('é [cut]');
});

test('what goes with a finding stands behind it', () => {
  expect(toldFindings([one], 1000, ({ id }) => [`  about ${id}`])).toContain(': no null\n  about C-1');
});
