import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { invoice } from '../src/invoice.js';

const at = (path) => new URL(`../${path}`, import.meta.url);
test('halves go to even', () => {
  assert.equal(invoice([{ name: 'a', cents: 250, taxPercent: 1 }]).taxCents, 2);
  assert.equal(invoice([{ name: 'a', cents: 350, taxPercent: 1 }]).taxCents, 4);
});
test('it is declared, by its place', () =>
  assert.equal(JSON.parse(readFileSync(at('package.json'), 'utf8')).dependencies?.rounding, 'file:packages/rounding'));
test('the old function is gone', () => assert.equal(existsSync(at('src/money/round.js')), false));
test('it is imported by its name alone', () => {
  const files = readdirSync(at('src'), { recursive: true }).filter((name) => name.endsWith('.js'));
  const texts = files.map((name) => readFileSync(at(`src/${name}`), 'utf8'));
  assert.ok(texts.some((text) => /from 'rounding'/.test(text)));
  assert.ok(!texts.some((text) => /packages\//.test(text)));
});
