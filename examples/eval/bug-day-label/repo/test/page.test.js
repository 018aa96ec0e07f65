import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDiary } from '../src/diary.js';
import { dayBefore } from '../src/time/day-before.js';

test('an entry at noon is under its day', () => {
  assert.equal(createDiary([{ at: '2024-03-02T12:00:00Z', offsetMinutes: 0, text: 'noon' }]).page(), '# 2024-03-02\n- noon');
});
test('an entry late in the evening of Lima is under its own day', () => {
  assert.equal(createDiary([{ at: '2024-03-02T03:30:00Z', offsetMinutes: -300, text: 'late' }]).page(), '# 2024-03-01\n- late');
});
test('the day before the first of March may be a leap day', () => assert.equal(dayBefore('2024-03-01'), '2024-02-29'));
