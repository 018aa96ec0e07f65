import assert from 'node:assert/strict';
import { test } from 'node:test';
import { words } from '../src/words.js';

test('splits at any space', () => assert.deepEqual(words(' a  b '), ['a', 'b']));
test('an empty text has none', () => assert.deepEqual(words('  '), []));
