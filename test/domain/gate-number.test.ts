/** Gates are counted by kind, whatever they are about. */
import { expect, test } from 'vitest';
import { gateNumber } from '../../domain/gate-number.ts';

test('each kind has its own count', () => {
  const rows = (['plan', 'budget', 'plan', 'release', 'plan'] as const).map((gate, index) => ({ id: `${index}`, gate }));
  expect(rows.map((row) => gateNumber(rows, row))).toEqual([1, 1, 2, 1, 3]);
});
