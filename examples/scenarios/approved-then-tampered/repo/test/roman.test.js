import assert from 'node:assert/strict';
import { test } from 'node:test';
import { value } from '../src/roman.js';

test('reads what subtracts', () => assert.deepEqual(['IV', 'IX', 'XL'].map(value), [4, 9, 40]));
test('adds what follows', () => assert.deepEqual(['III', 'VIII', 'LX'].map(value), [3, 8, 60]));
