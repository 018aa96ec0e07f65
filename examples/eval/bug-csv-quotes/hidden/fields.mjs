import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../src/csv.js';
import { tableOf } from '../src/table.js';

test('plain fields, blanks and empty ones', () => assert.deepEqual(parseLine('a, b ,,c'), ['a', ' b ', '', 'c']));
test('a comma in quotes', () => assert.deepEqual(parseLine('1,"Doe, Jane",x'), ['1', 'Doe, Jane', 'x']));
test('two quotes are one', () => assert.deepEqual(parseLine('"say ""hi""",2'), ['say "hi"', '2']));
test('an empty quoted field, also at the end', () => assert.deepEqual(parseLine('"",a,""'), ['', 'a', '']));
test('a quote that never ends', () => assert.throws(() => parseLine('a,"b'), /quote/));
test('a table of them', () => assert.deepEqual(tableOf('id,name\n1,"a,b"'), [{ id: '1', name: 'a,b' }]));
