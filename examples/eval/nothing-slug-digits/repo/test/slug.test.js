import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slug } from '../src/slug.js';

test('blanks become dashes', () => assert.equal(slug('Hello  World'), 'hello-world'));
test('digits stay', () => assert.equal(slug('Top 10 songs of 2024'), 'top-10-songs-of-2024'));
test('no dash stands at an end', () => assert.equal(slug('(really)'), 'really'));
