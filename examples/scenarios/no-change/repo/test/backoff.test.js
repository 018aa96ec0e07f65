import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delayMs } from '../src/backoff.js';
import { retry } from '../src/retry.js';

test('the first wait is short', () => assert.equal(delayMs(1), 100));
test('every wait is longer than the one before, up to the cap', () => {
  for (let attempt = 2; attempt <= 9; attempt += 1) assert.ok(delayMs(attempt) > delayMs(attempt - 1));
});
test('no wait is longer than 30 seconds', () => {
  for (const attempt of [10, 11, 50, 5000]) assert.equal(delayMs(attempt), 30_000);
});
test('attempts count from 1', () => assert.throws(() => delayMs(0), RangeError));
test('a retry waits between failures and gives the first success', async () => {
  const waits = [];
  const result = await retry(
    async (attempt) => {
      if (attempt < 3) throw new Error('not yet');
      return attempt;
    },
    { attempts: 5, wait: async (ms) => waits.push(ms) },
  );
  assert.deepEqual([result, waits], [3, [100, 200]]);
});
test('the last failure is the result', async () => {
  await assert.rejects(
    retry(async () => Promise.reject(new Error('down')), { attempts: 2, wait: async () => {} }),
    /down/,
  );
});
