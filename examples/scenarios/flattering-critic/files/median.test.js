import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../src/stats.js';

test('the median of an odd count is the number in the middle', () => assert.equal(median([10, 9, 1]), 9));
test('the median of an even count lies between the two in the middle', () => assert.equal(median([1, 2, 10, 20]), 6));
test('the argument keeps its order', () => {
  const numbers = [3, 1, 2];
  median(numbers);
  assert.deepEqual(numbers, [3, 1, 2]);
});
test('the median of nothing is an error', () => assert.throws(() => median([]), RangeError));
