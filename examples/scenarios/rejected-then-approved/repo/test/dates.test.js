import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daysBetween } from '../src/dates.js';

test('days are counted across a month', () => assert.equal(daysBetween('2026-01-30', '2026-02-02'), 3));
test('an earlier date is negative', () => assert.equal(daysBetween('2026-02-02', '2026-02-01'), -1));
test('what is not a date is refused', () => assert.throws(() => daysBetween('soon', '2026-02-01'), RangeError));
