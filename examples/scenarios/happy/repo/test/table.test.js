import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTable } from '../src/table.js';

test('columns are as wide as their widest cell', () => {
  assert.equal(renderTable([['a', '1'], ['long', '100']], 'lr'), 'a       1\nlong  100');
});
test('no line ends in spaces', () => assert.equal(renderTable([['a', 'b'], ['a', 'long']], 'll'), 'a  b\na  long'));
test('no rows, no text', () => assert.equal(renderTable([], 'lr'), ''));
