import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCsv } from '../src/csv.js';
import { parseLedger } from '../src/parser.js';

const line = (text) => toCsv(parseLedger(text)).split('\r\n')[1];

test('the first line names the columns', () => assert.equal(toCsv([]), 'date,amount,category,description'));
test('an entry is a line', () => assert.equal(line('2026-01-05 -42.10 food Weekly shop'), '2026-01-05,-42.10,food,Weekly shop'));
test('commas and quotes are quoted', () => {
  assert.equal(line('2026-01-05 -1 food Bread, "dark"'), '2026-01-05,-1.00,food,"Bread, ""dark"""');
});
test('a description is never a formula', () => assert.equal(line('2026-01-05 -1 food =SUM(A1)'), "2026-01-05,-1.00,food,'=SUM(A1)"));
