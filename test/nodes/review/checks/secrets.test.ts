/** A secret is found by rule, masked, and told once. */
import { describe, expect, test } from 'vitest';
import { secrets } from '../../../../nodes/review/checks/secrets.ts';
import { codes, review } from './review.ts';

describe('secrets', () => {
  const KEY = (tail: string): string => `AKIA${'QWERTYUIOPAS'}${tail}`;

  test('a secret is found by rule and masked, in the whole file, whatever switches the scanner off', async () => {
    const outcome = await review(secrets, { base: {}, candidate: { a: `// secretlint-disable\nkey ${KEY('ZXCV')}\n` } });
    expect(codes(outcome)).toEqual(['SECRET_FOUND a']);
    expect(outcome.findings[0]?.message).not.toContain(KEY('ZXCV'));
  });

  test('what stood there before is not told again, another secret that looks alike is', async () => {
    const base = { a: `key ${KEY('ZXCV')}\n` };
    expect(codes(await review(secrets, { base, candidate: { a: `more\nkey ${KEY('ZXCV')}\n` } }))).toEqual([]);
    expect(codes(await review(secrets, { base, candidate: { a: `key ${KEY('BNMA')}\n` } }))).toEqual(['SECRET_FOUND a']);
  });
});
