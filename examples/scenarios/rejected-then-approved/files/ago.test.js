import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago } from '../src/dates.js';

test('a date in the past is counted in days', () => assert.equal(ago('2026-03-01', '2026-03-05'), '4 days ago'));
test('a date to come is refused', () => assert.throws(() => ago('2026-03-06', '2026-03-05'), RangeError));
