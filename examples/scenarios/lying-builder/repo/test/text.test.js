import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capitalize, slugify } from '../src/text.js';

test('the first letter becomes a capital', () => assert.equal(capitalize('hello world'), 'Hello world'));
test('an empty text stays empty', () => assert.equal(capitalize(''), ''));
test('a slug has plain letters and dashes', () => assert.equal(slugify('Crème brûlée!'), 'creme-brulee'));
test('a slug neither begins nor ends with a dash', () => assert.equal(slugify('  (draft)  '), 'draft'));
