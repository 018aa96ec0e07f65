import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change } from '../src/coins.js';

test('gives few coins', () => assert.deepEqual(change(88), [50, 20, 10, 5, 2, 1]));
test('nothing is no coins', () => assert.deepEqual(change(0), []));
