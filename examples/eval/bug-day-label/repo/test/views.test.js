import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDiary } from '../src/diary.js';

const diary = createDiary([
  { at: '2024-03-02T12:00:00Z', offsetMinutes: 60, text: 'soup' },
  { at: '2024-02-10T12:00:00Z', offsetMinutes: 60, text: 'snow' },
]);
test('a month has its entries', () => assert.deepEqual(diary.month('2024-02'), ['2024-02-10: snow']));
test('entries are found by their text', () => assert.deepEqual(diary.find('s'), ['2024-02-10: snow', '2024-03-02: soup']));
test('an offset of a day is none', () => assert.throws(() => createDiary([{ at: '2024-01-01', offsetMinutes: 1440, text: '' }]), /offset/));
