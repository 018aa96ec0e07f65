import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sum } from '../src/sum.js';

test('adds', () => assert.equal(sum([1, 2]), 3));
test('nothing is nought', () => assert.equal(sum([]), 0));
