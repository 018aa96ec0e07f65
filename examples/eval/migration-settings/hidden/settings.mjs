import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaults, load, save } from '../src/settings.js';

const third = (theme, digest, address) => ({ version: 3, appearance: { theme }, mail: { digest, address } });
test('version 2', () =>
  assert.deepEqual(load('{"version":2,"theme":"dark","mailDigest":"weekly","mailAddress":"a@b"}'), third('dark', 'weekly', 'a@b')));
test('version 1 and 0', () => {
  assert.deepEqual(load('{"version":1,"theme":"dark","mail":true,"mailAddress":"a@b"}'), third('dark', 'daily', 'a@b'));
  assert.deepEqual(load('{"dark":true}'), third('dark', 'never', ''));
});
test('version 3 as it is, and back', () => {
  const settings = third('light', 'daily', 'x@y');
  assert.deepEqual(load(save(settings)), settings);
  assert.equal(JSON.parse(save(settings)).version, 3);
});
test('defaults, and a version that is not there yet', () => {
  assert.deepEqual(defaults(), third('light', 'never', ''));
  assert.throws(() => load('{"version":4}'), /version/);
});
test('every sample, and one of version 3', () => {
  const samples = readdirSync(new URL('../samples', import.meta.url));
  assert.ok(samples.includes('v3.json'));
  for (const name of samples) assert.equal(load(readFileSync(new URL(`../samples/${name}`, import.meta.url), 'utf8')).version, 3);
});
