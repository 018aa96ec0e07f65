/** What is masked in a text, and that no text makes it slow. */
import { expect, test } from 'vitest';
import { createRedactor } from '../../tools/redact.ts';
import { scanSecrets, secretValues } from '../../tools/secrets.ts';

const redact = createRedactor([]);
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0';
const scan = (text: string) => scanSecrets([{ path: 'a.txt', content: Buffer.from(text) }]);

test('a token is masked wherever it begins a word, also behind a dash', async () => {
  for (const before of ['', 'Bearer ', '"', 'token=', 'a-token-', '.'.repeat(300), `${'a'.repeat(300)} `]) {
    expect(redact(`${before}${TOKEN} end`)).toBe(`${before}[REDACTED] end`);
    expect(await scan(`${before}${TOKEN} end`)).toMatchObject([{ rule: 'jwt', line: 1 }]);
  }
  expect(redact('eyJhbGciOiJIUzI1NiJ9 eyJzdWIiOiIxMjM0In0')).toBe('eyJhbGciOiJIUzI1NiJ9 eyJzdWIiOiIxMjM0In0');
});

test('a text of nothing but beginnings of secrets is gone through once', async () => {
  for (const piece of ['eyJ-', '-----BEGIN PRIVATE KEY-----\n', 'sk-', 'AKIA', "password='"]) {
    const text = piece.repeat(400_000 / piece.length);
    const before = performance.now();
    redact(text);
    await scan(text);
    await secretValues(Buffer.from(text));
    // Of what grows with the square it is minutes.
    expect(performance.now() - before, piece).toBeLessThan(30_000);
  }
});

test('each secret of many has its line, and a key is one from its first line to its last', async () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n';
  const hits = await scan(`\n${key}x\n${'AKIAQ3EGRM5XLT2ZVN7P\n'.repeat(3)}${key}`);
  expect(new Set(hits.map(({ rule, line }) => `${rule} ${line}`))).toEqual(
    new Set(['private-key 2', 'aws-access-key-id 6', 'aws-access-key-id 7', 'aws-access-key-id 8', 'private-key 9']),
  );
  expect(await secretValues(Buffer.from(key))).toContain('MIIEvQIBADANBgkqhkiG');
});
