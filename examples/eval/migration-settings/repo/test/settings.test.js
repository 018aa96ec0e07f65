import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaults, load, save } from '../src/settings.js';

test('defaults can be saved', () => assert.deepEqual(load(save(defaults())), defaults()));
test('what is no object is told', () => assert.throws(() => load('5'), /no object/));
test('a theme that is not there is told', () => assert.throws(() => load('{"version":2,"theme":"red","mailDigest":"never"}'), /red/));
