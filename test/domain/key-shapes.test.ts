/** What has the shape of a key is one: a document about keys holds none. */
import { expect, test } from 'vitest';
import { keyShapeIn } from '../../domain/key-shapes.ts';

test.each([
  ['aws-access-key-id', `AKIA${'QWERTYUIOPASZXCV'}`, 'AKIA, ASIA and AKIAQWERTYUIOP are how they begin'],
  ['github-token', `ghp_${'a1B2'.repeat(9)}`, 'ghp_ and the 36 characters that follow'],
  ['stripe-key', `sk_live_${'a1B2'.repeat(6)}`, `sk_test_${'a1B2'.repeat(6)}`],
  ['openai-key', `sk-proj-${'a1B2'.repeat(9)}`, 'sk-fading-circle and sk-cube-grid'],
  ['jwt', `eyJ${'a1B2'.repeat(4)}.eyJ${'a1B2'.repeat(4)}.${'a1B2'.repeat(4)}`, 'eyJhbGciOiJIUzI1NiJ9.e30'],
  ['private-key', '-----BEGIN RSA PRIVATE KEY-----\nMII', '-----BEGIN PUBLIC KEY-----\nMII'],
])('%s', (rule, key, words) => {
  expect(keyShapeIn(`x ${key} y`)).toBe(rule);
  expect(keyShapeIn(`x ${words} y`)).toBeUndefined();
});
