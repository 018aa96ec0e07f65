import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slug } from '../src/slug.js';

test('digits stay', () => assert.equal(slug('Top 10 songs of 2024'), 'top-10-songs-of-2024'));
