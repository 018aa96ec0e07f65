import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createBook } from '../src/book.js';
import { run } from '../src/program.js';

const book = () => createBook([{ title: 'b', text: '2' }, { title: 'a', text: '1', pinned: true }]);
test('all notes', () => assert.deepEqual(JSON.parse(run(book(), ['export'])), [{ title: 'b', text: '2' }, { title: 'a', text: '1' }]));
test('one note', () => assert.match(JSON.stringify(JSON.parse(run(book(), ['export', 'a']))), /"title":"a","text":"1"/));
test('a note that is not there', () => assert.throws(() => run(book(), ['export', 'nowhere']), /nowhere/));
test('it is told of', () => {
  assert.match(run(book(), ['help']), /^export\b/m);
  assert.match(readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8'), /`export/);
});
