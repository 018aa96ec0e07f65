import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, parseMoney, percent, sum } from '../src/money.js';

test('whole amounts are read as cents', () => assert.equal(parseMoney('12'), 1200));
test('one decimal means tens of cents', () => assert.equal(parseMoney('12.5'), 1250));
test('a sign is kept', () => assert.deepEqual([parseMoney('-0.05'), parseMoney('+3.10')], [-5, 310]));
test('minus zero is zero', () => assert.ok(Object.is(parseMoney('-0.00'), 0)));
for (const wrong of ['', '1,50', '1.234', 'ten', '--1', '1e3']) {
  test(`${JSON.stringify(wrong)} is not an amount`, () => assert.throws(() => parseMoney(wrong), /is not an amount/));
}
test('cents are written with two decimals', () => assert.equal(formatMoney(1205), '12.05'));
test('less than one unit keeps its sign', () => assert.equal(formatMoney(-5), '-0.05'));
test('what is written is read back as the same amount', () => {
  for (const cents of [0, 1, -1, 99, 100, -12345]) assert.equal(parseMoney(formatMoney(cents)), cents);
});
test('a sum of tenths is exact', () => assert.equal(formatMoney(sum(['0.10', '0.20'].map(parseMoney))), '0.30'));
test('percent of nothing is 0', () => assert.equal(percent(5, 0), 0));
