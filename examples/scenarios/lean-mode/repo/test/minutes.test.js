import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../src/minutes.js';

test('an hour', () => assert.equal(minutes('1:00'), 60));
test('a minute', () => assert.equal(minutes('0:01'), 1));
