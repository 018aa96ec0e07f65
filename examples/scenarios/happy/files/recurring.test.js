import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry } from '../src/entry.js';
import { createRule, occurrences } from '../src/recurring.js';

const rule = (unit, date) => createRule(unit, createEntry({ date, amount: '-20', category: 'club', description: 'Fee' }));
const dates = (unit, date, until) => occurrences(rule(unit, date), until).map((entry) => entry.date);

test('every week is every seven days', () => {
  assert.deepEqual(dates('week', '2026-02-20', '2026-03-06'), ['2026-02-20', '2026-02-27', '2026-03-06']);
});
test('every month is the same day of each month', () => {
  assert.deepEqual(dates('month', '2026-11-15', '2027-01-31'), ['2026-11-15', '2026-12-15', '2027-01-15']);
});
test('every year is the same day of each year', () => {
  assert.deepEqual(dates('year', '2026-05-01', '2028-04-30'), ['2026-05-01', '2027-05-01']);
});
test('a rule that begins later gives nothing yet', () => assert.deepEqual(dates('week', '2026-02-20', '2026-02-19'), []));
test('without an end there are no occurrences', () => assert.deepEqual(dates('week', '2026-02-20', undefined), []));
test('an occurrence is a planned entry', () => {
  assert.deepEqual(occurrences(rule('month', '2026-02-01'), '2026-02-01'), [
    { date: '2026-02-01', cents: -2000, category: 'club', description: 'Fee', planned: true },
  ]);
});
test('an unknown rhythm is refused', () => assert.throws(() => rule('fortnight', '2026-02-01'), /"every fortnight" is not known/));
