import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkout } from '../src/cart.js';

test('the total is goods and fee', () => {
  assert.deepEqual(checkout([{ cents: 2500, count: 4 }]), { goods: 10_000, fee: 290, total: 10_290 });
});
test('an empty cart costs nothing', () => assert.deepEqual(checkout([]), { goods: 0, fee: 0, total: 0 }));
