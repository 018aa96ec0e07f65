import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAdmin } from '../src/users/roles.js';
import { mailOf } from '../src/users/mail.js';
import * as users from '../src/users/users.js';

test('users are listed', () => assert.equal(users.allUsers().length, 2));
test('a role', () => assert.equal(isAdmin('u1'), true));
test('a mail', () => assert.equal(mailOf('u2'), 'bob@example.test'));
test('an id that nobody has', () => assert.throws(() => mailOf('u9'), /u9/));
