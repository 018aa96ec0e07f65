import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../src/csv.js';
import { tableOf } from '../src/table.js';

test('a line has its fields', () => assert.deepEqual(parseLine('a,b,c'), ['a', 'b', 'c']));
test('a table has its rows', () => assert.deepEqual(tableOf('id,name\n1,Ada\n2,Bob'), [{ id: '1', name: 'Ada' }, { id: '2', name: 'Bob' }]));
