import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOfYear, daysInMonth, isLeapYear } from '../src/calendar.js';

test('centuries are no leap years', () => assert.deepEqual([1700, 1800, 1900, 2100, 2200].map(isLeapYear), Array(5).fill(false)));
test('every fourth century is one', () => assert.deepEqual([1600, 2000, 2400].map(isLeapYear), [true, true, true]));
test('other years are as before', () => assert.deepEqual([2023, 2024, 2025, 1996].map(isLeapYear), [false, true, false, true]));
test('what is counted follows', () => {
  assert.deepEqual([daysInMonth(1900, 2), daysInMonth(2000, 2), daysInMonth(2024, 2)], [28, 29, 29]);
  assert.deepEqual([dayOfYear(1900, 12, 31), dayOfYear(2000, 12, 31)], [365, 366]);
});
