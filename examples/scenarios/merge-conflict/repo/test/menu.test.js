import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MENU } from '../src/menu.js';

test('there is tea', () => assert.equal(MENU.tea, 200));
test('nothing is free', () => assert.ok(Object.values(MENU).every((price) => price > 0)));
