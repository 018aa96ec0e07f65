import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJob } from '../src/jobs/run.js';

test('a user is loaded', () => assert.equal(runJob('load-user', 'u2').name, 'Bob'));
test('all are loaded', () => assert.equal(runJob('load-all').length, 2));
