import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeCategory, spendingByCategory } from '../src/category.js';

const entry = (category, cents) => ({ category, cents });

test('a category is lower case', () => assert.equal(normalizeCategory('Food'), 'food'));
test('a category is one word', () => assert.throws(() => normalizeCategory('food and drink'), /is not a category/));
test('spending is added up per category, the largest first', () => {
  assert.deepEqual(spendingByCategory([entry('food', -100), entry('rent', -700), entry('food', -200)]), [
    { category: 'rent', cents: 700, share: 70 },
    { category: 'food', cents: 300, share: 30 },
  ]);
});
test('income is no spending', () => assert.deepEqual(spendingByCategory([entry('salary', 5000)]), []));
test('equal spending is ordered by name', () => {
  assert.deepEqual(spendingByCategory([entry('b', -1), entry('a', -1)]).map((row) => row.category), ['a', 'b']);
});
