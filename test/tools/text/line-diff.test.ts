/** Lines that two texts share: in order, equal, and as many as there can be. */
import { expect, test } from 'vitest';
import { sharedLines } from '../../../tools/text/line-diff.ts';
import { chanceOf } from '../../dice.ts';

/** The length of the longest common subsequence, by the plain table. */
function longest(one: readonly string[], other: readonly string[]): number {
  let row = Array.from({ length: other.length + 1 }, () => 0);
  for (const line of one) {
    const next = [0];
    for (const [index, word] of other.entries())
      next.push(line === word ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
}

test('are found in 500 random pairs of texts', () => {
  const dice = chanceOf(7);
  for (let round = 0; round < 500; round += 1) {
    const text = (): string[] => Array.from({ length: dice.below(14) }, () => 'abcd'[dice.below(dice.between(1, 4))] ?? '');
    const [one, other] = [text(), text()];
    const shared = sharedLines(one, other);
    for (const [index, [left, right]] of shared.entries()) {
      expect(one[left]).toBe(other[right]);
      const [above, beside] = shared[index - 1] ?? [-1, -1];
      expect(left > above && right > beside).toBe(true);
    }
    expect([one, other, shared.length]).toEqual([one, other, longest(one, other)]);
  }
});

test('texts with nothing in common but their ends share those, however long they are', () => {
  const many = (name: string): string[] => Array.from({ length: 3000 }, (_, index) => `${name}${index}`);
  expect(sharedLines(['first', ...many('a'), 'last'], ['first', ...many('b'), 'last'])).toEqual([
    [0, 0],
    [3001, 3001],
  ]);
});
