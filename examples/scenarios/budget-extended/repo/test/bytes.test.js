import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '../src/bytes.js';

test('small sizes are bytes', () => assert.deepEqual([formatBytes(0), formatBytes(1023)], ['0 B', '1023 B']));
test('larger sizes have one decimal', () => assert.deepEqual([formatBytes(1536), formatBytes(5 * 1024 ** 3)], ['1.5 KiB', '5 GiB']));
test('there is no unit above the last', () => assert.equal(formatBytes(2048 * 1024 ** 4), '2048 TiB'));
test('a size is never negative', () => assert.throws(() => formatBytes(-1), RangeError));
