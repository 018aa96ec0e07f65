import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, parseBytes } from '../src/bytes.js';

test('a number with its unit is a size', () => assert.deepEqual([parseBytes('12 B'), parseBytes('1.5 KiB')], [12, 1536]));
test('what is printed is read back', () => {
  for (const bytes of [0, 1023, 1024, 1536, 5 * 1024 ** 3]) assert.equal(parseBytes(formatBytes(bytes)), bytes);
});
for (const wrong of ['', '12', '12 KB', '-1 B', 'many MiB']) {
  test(`${JSON.stringify(wrong)} is not a size`, () => assert.throws(() => parseBytes(wrong), /is not a size/));
}
