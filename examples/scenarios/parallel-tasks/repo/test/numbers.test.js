import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNumber } from '../src/numbers.js';

test('knows numbers', () => assert.ok(isNumber('12.5')));
test('knows what is none', () => assert.ok(!isNumber('x')));
