import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load, save } from '../src/settings.js';
import { show } from '../src/show.js';
import { VERSION } from '../src/version.js';

const folder = new URL('../samples/', import.meta.url);
const sample = (name) => readFileSync(new URL(name, folder), 'utf8');

test('a sample of every version is there', () => {
  const names = readdirSync(folder);
  for (let version = 0; version <= VERSION; version += 1)
    assert.ok(names.some((name) => name.startsWith(`v${version}`)), `no sample of version ${version}`);
});
for (const name of readdirSync(folder))
  test(`the sample ${name} is read and written`, () => assert.deepEqual(load(save(load(sample(name)))), load(sample(name))));
test('a page of old settings', () => assert.equal(show(load(sample('v1-mail.json'))), 'theme: light\nmail: daily\nto: ada@example.test'));
