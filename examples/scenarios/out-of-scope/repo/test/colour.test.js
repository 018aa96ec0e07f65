import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseColour } from '../src/colour.js';

test('six digits are three pairs', () => assert.deepEqual(parseColour('#ffaa00'), { red: 255, green: 170, blue: 0 }));
test('capital digits are read', () => assert.deepEqual(parseColour('#1B1B1F'), { red: 27, green: 27, blue: 31 }));
for (const wrong of ['ffaa00', '#ffaa0', '#ffaag0', '']) {
  test(`${JSON.stringify(wrong)} is not a colour`, () => assert.throws(() => parseColour(wrong), /is not a colour/));
}
