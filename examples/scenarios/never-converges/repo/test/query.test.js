import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf } from '../src/page.js';
import { parseQuery } from '../src/query.js';

test('pairs are names and values', () => assert.deepEqual({ ...parseQuery('a=1&b=2') }, { a: '1', b: '2' }));
test('the page is a number from 1', () => assert.deepEqual(['/list', '/list?page=3', '/list?page=-2', '/list?page=x'].map(pageOf), [1, 3, 1, 1]));
