/** The digest of the rules as they are written: what is not written does not count, and every key of the rules does. */
import { expect, test } from 'vitest';
import { digestOf } from '../../../domain/ids.ts';
import { policyDigest } from '../../../runtime/start/policy-digest.ts';

const WRITTEN = { version: 1, deny: [{ id: 'keys', paths: ['**/*.pem'], reason: 'r' }], limits: { agents: 2 } };

test('a configuration of an earlier version has the digest that it had then', () => {
  expect(policyDigest(WRITTEN)).toBe(digestOf({ version: 1, written: { deny: WRITTEN.deny } }));
});

test.each([
  ['protectDefaults', { ci: false }],
  ['protectFrom', { codeowners: 'github' }],
  ['patterns', 2],
  ['scope', { maxFiles: 1 }],
])('another %s is another digest', (key, value) => {
  expect(policyDigest({ ...WRITTEN, [key]: value })).not.toBe(policyDigest(WRITTEN));
});

test('what is no rule changes nothing', () => {
  expect(policyDigest({ ...WRITTEN, limits: { agents: 3 } })).toBe(policyDigest(WRITTEN));
});
