import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as users from '../src/users/users.js';
import { runJob } from '../src/jobs/run.js';
import { profile } from '../src/pages/profile.js';

const root = fileURLToPath(new URL('..', import.meta.url));
test('the new name, and only that', () => {
  assert.equal(typeof users.findUser, 'function');
  assert.equal('fetchUser' in users, false);
});
test('a job that names it by a text still runs', () => assert.equal(runJob('load-user', 'u1').name, 'Ada'));
test('pages are as before', () => assert.equal(profile('u1'), 'Ada <ada@example.test>'));
test('nothing says the old name', () => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const old = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('hidden-checks') && !path.endsWith('CHANGELOG.md'))
    .filter((path) => readFileSync(path, 'utf8').includes('fetchUser'));
  assert.deepEqual(old, []);
});
