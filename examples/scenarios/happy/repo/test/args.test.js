import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs } from '../src/args.js';

test('words, flags and switches are told apart', () => {
  assert.deepEqual(parseArgs(['home.tally', 'list', '--month', '2026-01', '--csv']), {
    words: ['home.tally', 'list'],
    flags: { month: '2026-01', csv: true },
  });
});
test('a negative amount is a word', () => assert.deepEqual(parseArgs(['-4.20']).words, ['-4.20']));
test('a flag is read by its rule', () => assert.throws(() => parseArgs(['--month', 'May']), /is not a month/));
test('a flag without its value is refused', () => assert.throws(() => parseArgs(['--month', '--csv']), /--month needs a value/));
test('an unknown flag is refused', () => assert.throws(() => parseArgs(['--colour']), /there is no flag --colour/));
