/** What a caller says is kept and shown: a secret in it is refused, words about one are not. */
import { expect, test } from 'vitest';
import { assertNoSecret } from '../../runtime/goal.ts';

const env = { OPENAI_API_KEY: 'this home uses this value' };
const KEY = `ghp_${'a1B2'.repeat(9)}`;

test('a secret is refused by its shape, or by its value, wherever it stands; the message does not hold it', () => {
  const refused: [unknown, RegExp][] = [
    [`push with ${KEY}`, /^goal: holds what looks like a secret \(github-token\)/],
    [{ a: [{ b: KEY }] }, /github-token/],
    [{ [KEY]: 1 }, /github-token/],
    ['use this home uses this value', /a key that is in use here/],
  ];
  for (const [value, words] of refused) {
    expect(() => assertNoSecret(env, 'goal', value)).toThrow(words);
    expect(() => assertNoSecret(env, 'goal', value)).not.toThrow(KEY);
  }
});

test('words about secrets are none', () => {
  for (const value of ['read the token ghp_... from GITHUB_TOKEN', { graph_id: 'governor', owner: 'a' }, undefined, null, 1, ''])
    expect(() => assertNoSecret(env, 'goal', value)).not.toThrow();
});
