import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLedger, parseLine } from '../src/parser.js';

test('a line is date, amount, category and description', () => {
  assert.deepEqual(parseLine('2026-01-05 -42.10 food Weekly shop'), {
    date: '2026-01-05',
    cents: -4210,
    category: 'food',
    description: 'Weekly shop',
  });
});
test('a line of two words is refused', () => assert.throws(() => parseLine('2026-01-05 -42.10'), /expected: date amount/));
test('comments and empty lines are left out', () => {
  assert.equal(parseLedger('# January\n\n2026-01-05 -1 food\n   # more\n').length, 1);
});
test('a number sign inside a description is text', () => {
  assert.equal(parseLedger('2026-01-05 -1 food Table #4')[0].description, 'Table #4');
});
test('a description may say anything', () => {
  assert.equal(parseLedger('2026-01-14 -7.80 food Bakery, as every Wednesday')[0].description, 'Bakery, as every Wednesday');
});
test('line breaks of Windows are read', () => assert.equal(parseLedger('2026-01-05 -1 food\r\n2026-01-06 -1 food\r\n').length, 2));
test('an error names the line', () => {
  assert.throws(() => parseLedger('# head\n2026-01-05 -1 food\n2026-02-30 -1 food'), /^Error: line 3: "2026-02-30" is not in the calendar/);
});
