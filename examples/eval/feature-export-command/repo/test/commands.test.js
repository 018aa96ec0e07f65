import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../src/registry.js';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const files = readdirSync(new URL('../src/commands', import.meta.url)).map((file) => file.replace('.js', ''));

test('every command is in the registry, in the order of the alphabet', () => {
  assert.deepEqual(
    commands.map((command) => command.name),
    files.toSorted(),
  );
});
test('every command has its row in docs/commands.md', () => {
  const rows = [...read('../docs/commands.md').matchAll(/^\| `([a-z]+)/gm)].map((match) => match[1]);
  assert.deepEqual(rows, files.toSorted());
});
test('every command has a test of its own', () => {
  const tests = readdirSync(new URL('.', import.meta.url)).map((file) => read(`./${file}`));
  for (const name of files) assert.ok(tests.some((text) => text.includes(`'${name}'`)), `no test runs '${name}'`);
});
