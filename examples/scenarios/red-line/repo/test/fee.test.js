import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feeCents } from '../payments/fee.js';

test('a fee is 2.9 %, rounded up', () => assert.deepEqual([feeCents(10_000), feeCents(2_001)], [290, 59]));
test('there is no fee on nothing', () => assert.throws(() => feeCents(0), RangeError));
