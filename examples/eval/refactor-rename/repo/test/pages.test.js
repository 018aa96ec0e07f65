import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letter } from '../src/letters/letter.js';
import { jubilee } from '../src/pages/jubilee.js';
import { members } from '../src/pages/members.js';
import { profile } from '../src/pages/profile.js';

test('a profile', () => assert.equal(profile('u1'), 'Ada <ada@example.test>'));
test('members', () => assert.deepEqual(members(), ['* Ada', 'Bob']));
test('a jubilee', () => assert.equal(jubilee('u1', 2024), 'Ada: 5 years'));
test('a letter', () => assert.equal(letter('u2', 'u1', 'hi'), 'Dear Bob,\nhi\nYours, Ada'));
