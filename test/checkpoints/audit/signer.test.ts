/** A signature is of one key and one seal; what carries none is a fault only after the first that does. */
import { expect, test } from 'vitest';
import { createSigner, signatureFault } from '../../../checkpoints/audit/signer.ts';

const signer = createSigner('k'.repeat(32));
const other = createSigner('o'.repeat(32));

test('the right signature is no fault, and another key, another seal, a cut one and none are', () => {
  const mac = signer.sign('hash');
  expect(signatureFault(signer, 'hash', mac, true)).toBeUndefined();
  expect(signatureFault(signer, 'hasj', mac, true)).toMatch(/not that of the key/);
  expect(signatureFault(signer, 'hash', mac.slice(0, -1), true)).toMatch(/not that of the key/);
  expect(signatureFault(signer, 'hash', other.sign('hash'), true)).toMatch(
    new RegExp(`key ${other.id}, and the key of this home is ${signer.id}`),
  );
  expect(signatureFault(signer, 'hash', null, true)).toMatch(/not signed/);
});

test('seals from before there was a key, and a home without a key, are no fault', () => {
  expect(signatureFault(signer, 'hash', null, false)).toBeUndefined();
  expect(signatureFault(undefined, 'hash', 'anything', true)).toBeUndefined();
});

test('the name of a key tells nothing of it', () => {
  expect(signer.id).toMatch(/^[0-9a-f]{12}$/);
  expect(signer.id).not.toBe(other.id);
});
