import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDiary } from '../src/diary.js';

const diary = (...entries) => createDiary(entries.map(([at, offsetMinutes, text]) => ({ at, offsetMinutes, text })));
test('in the west', () => assert.match(diary(['2024-03-02T03:30:00Z', -300, 'late']).page(), /^# 2024-03-01\n/));
test('in the east', () => assert.match(diary(['2024-02-29T20:00:00Z', 330, 'early']).page(), /^# 2024-03-01\n/));
test('in the month and the search', () => {
  const one = diary(['2024-01-01T02:00:00Z', -480, 'new year'], ['2024-01-01T12:00:00Z', 0, 'noon']);
  assert.deepEqual(one.month('2023-12'), ['2023-12-31: new year']);
  assert.deepEqual(one.find('n'), ['2023-12-31: new year', '2024-01-01: noon']);
});
test('at noon nothing changes', () => {
  for (const offset of [-600, -60, 0, 60, 600]) assert.match(diary(['2024-06-15T12:00:00Z', offset, 'x']).page(), /^# 2024-06-15\n/);
});
