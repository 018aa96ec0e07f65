import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mean, range } from '../src/stats.js';

test('the mean is the sum divided by the count', () => assert.equal(mean([2, 4, 9]), 5));
test('the mean of nothing is an error', () => assert.throws(() => mean([]), RangeError));
test('the range reaches from the smallest to the largest', () => assert.equal(range([7, -3, 5]), 10));
test('nothing has no range', () => assert.throws(() => range([]), RangeError));
