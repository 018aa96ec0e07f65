import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry, formatEntry } from '../src/entry.js';
import { parseLine } from '../src/parser.js';

const words = { date: '2026-01-05', amount: '-42.10', category: 'Food', description: '  Weekly   shop ' };

test('an entry is made of four words', () => {
  assert.deepEqual(createEntry(words), { date: '2026-01-05', cents: -4210, category: 'food', description: 'Weekly shop' });
});
test('a description may be missing', () => assert.equal(createEntry({ ...words, description: undefined }).description, ''));
test('an entry cannot be changed', () => assert.ok(Object.isFrozen(createEntry(words))));
test('an entry of nothing is refused', () => assert.throws(() => createEntry({ ...words, amount: '0.00' }), /says nothing/));
test('a written entry is read back as the same', () => {
  assert.deepEqual(parseLine(formatEntry(createEntry(words))), createEntry(words));
});
