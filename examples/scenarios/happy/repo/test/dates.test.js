import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, addMonths, compareDates, daysInMonth, monthOf, parseDate, parseMonth } from '../src/dates.js';

test('a date is given back as it is', () => assert.equal(parseDate('2026-02-28'), '2026-02-28'));
for (const wrong of ['2026-2-1', '28.02.2026', '2026-02-29', '2026-13-01', '2026-00-10']) {
  test(`${wrong} is refused`, () => assert.throws(() => parseDate(wrong)));
}
test('a leap day exists in a leap year', () => assert.equal(parseDate('2028-02-29'), '2028-02-29'));
test('a month is read and a thirteenth is refused', () => {
  assert.equal(parseMonth('2026-12'), '2026-12');
  assert.throws(() => parseMonth('2026-13'), /is not a month/);
});
test('the month of a date', () => assert.equal(monthOf('2026-03-09'), '2026-03'));
test('February has 28 days, or 29', () => assert.deepEqual([daysInMonth(2026, 2), daysInMonth(2028, 2)], [28, 29]));
test('days are added across a new year', () => assert.equal(addDays('2026-12-30', 5), '2027-01-04'));
test('months are added across a new year', () => assert.equal(addMonths('2026-11-15', 3), '2027-02-15'));
test('the end of a month stays in the shorter month', () => assert.equal(addMonths('2026-01-31', 1), '2026-02-28'));
test('earlier dates come first', () => {
  assert.deepEqual(['2026-02-01', '2025-12-31', '2026-01-09'].sort(compareDates), ['2025-12-31', '2026-01-09', '2026-02-01']);
});
