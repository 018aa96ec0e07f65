import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from '../src/pages.js';

const items = ['a', 'b', 'c', 'd', 'e'];
test('the first page', () => assert.deepEqual(pageOf(items, { number: 1, size: 2 }), { items: ['a', 'b'], number: 1, pages: 3, next: 2 }));
test('the last page', () => assert.deepEqual(pageOf(items, { number: 3, size: 2 }), { items: ['e'], number: 3, pages: 3, next: null }));
test('beyond the last', () => assert.deepEqual(pageOf(items, { number: 9, size: 2 }), { items: [], number: 9, pages: 3, next: null }));
test('of nothing', () => assert.deepEqual(pageOf([], { number: 1, size: 2 }), { items: [], number: 1, pages: 1, next: null }));
test('what is no page', () => {
  for (const wrong of [{ number: 0, size: 2 }, { number: 1, size: 0 }, { number: 1.5, size: 2 }, { number: 1, size: Number.NaN }, { number: -1, size: 1 }])
    assert.throws(() => pageOf(items, wrong), RangeError, JSON.stringify(wrong));
});
