import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFahrenheit } from '../src/degrees.js';

test('water freezes at 32', () => assert.equal(toFahrenheit(0), 32));
test('water boils at 212', () => assert.equal(toFahrenheit(100), 212));
