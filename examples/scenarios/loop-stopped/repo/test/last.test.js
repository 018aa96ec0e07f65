import assert from 'node:assert/strict';
import { test } from 'node:test';
import { last } from '../src/last.js';

test('gives the last', () => assert.equal(last([1, 2]), 2));
test('of nothing nothing', () => assert.equal(last([]), undefined));
