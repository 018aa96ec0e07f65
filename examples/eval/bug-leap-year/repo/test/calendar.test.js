import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOfYear, daysInMonth, isLeapYear } from '../src/calendar.js';

test('every fourth year is a leap year', () => assert.equal(isLeapYear(2024), true));
test('1900 was none', () => assert.equal(isLeapYear(1900), false));
test('February has 28 days in 2023', () => assert.equal(daysInMonth(2023, 2), 28));
test('the last day of 2023 is day 365', () => assert.equal(dayOfYear(2023, 12, 31), 365));
