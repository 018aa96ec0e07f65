import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balance, byMonth, select, sorted } from '../src/ledger.js';
import { parseLedger } from '../src/parser.js';

const entries = parseLedger(`
2026-02-02   -51.35  food    Weekly shop
2026-01-28  2450.00  salary  January
2026-01-05   -42.10  food    Weekly shop
2026-01-05    -3.00  food    Bakery
`);

test('the balance is the sum', () => assert.equal(balance(entries), 235355));
test('the balance of nothing is 0', () => assert.equal(balance([]), 0));
test('entries of one day keep their order', () => {
  assert.deepEqual(sorted(entries).map((entry) => entry.cents), [-4210, -300, 245000, -5135]);
});
test('sorting leaves the list alone', () => {
  sorted(entries);
  assert.equal(entries[0].date, '2026-02-02');
});
test('entries are selected by month', () => assert.equal(select(entries, { month: '2026-01' }).length, 3));
test('entries are selected by month and category', () => {
  assert.equal(select(entries, { month: '2026-01', category: 'food' }).length, 2);
});
test('without a choice everything is selected', () => assert.equal(select(entries).length, 4));
test('months come in order', () => assert.deepEqual([...byMonth(entries).keys()], ['2026-01', '2026-02']));
