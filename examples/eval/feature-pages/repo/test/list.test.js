import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sorted, unique } from '../src/list.js';

test('items are sorted by a key', () => assert.deepEqual(sorted([{ n: 2 }, { n: 1 }], 'n'), [{ n: 1 }, { n: 2 }]));
test('the first of each stays', () => assert.deepEqual(unique([{ n: 1, a: 1 }, { n: 1, a: 2 }], 'n'), [{ n: 1, a: 1 }]));
