import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totals } from '../src/order.js';

const item = (cents, grams, count = 1) => ({ cents, grams, count });

test('a small parcel costs the base price', () => assert.equal(totals([item(2000, 500)]).shipping, 490));
test('a heavy parcel costs extra, whatever it is worth', () => {
  assert.equal(totals([item(1000, 12_000)]).shipping, 1390);
  assert.ok(totals([item(50_000, 12_000)]).shipping >= 900);
});
test('the total is goods and shipping', () => assert.equal(totals([item(1500, 100, 2)]).total, 3490));
