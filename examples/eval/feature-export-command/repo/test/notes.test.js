import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBook } from '../src/book.js';
import { run } from '../src/program.js';

const book = () => createBook([{ title: 'a', text: 'one' }, { title: 'b', text: 'two' }]);
const after = (...words) => {
  const changed = book();
  run(changed, words);
  return run(changed, ['list']);
};
test('add', () => assert.equal(after('add', 'c', 'three'), 'a\nb\nc'));
test('count', () => assert.equal(run(book(), ['count']), '2'));
test('find', () => assert.equal(run(book(), ['find', 'w']), 'b'));
test('help', () => assert.match(run(book(), ['help']), /^move <title> <place>$/m));
test('move', () => assert.equal(after('move', 'b', '1'), 'b\na'));
test('pin', () => assert.equal(after('pin', 'a'), '* a\nb'));
test('remove', () => assert.equal(after('remove', 'a'), 'b'));
test('rename', () => assert.equal(after('rename', 'a', 'z'), 'z\nb'));
test('show', () => assert.equal(run(book(), ['show', 'b']), 'two'));
test('what is not there', () => assert.throws(() => run(book(), ['show', 'nowhere']), /nowhere/));
