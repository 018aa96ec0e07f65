/** What is masked of a whole text: every secret in full, also where two overlap, and in one pass, whatever the text is. */
import { expect, test } from 'vitest';
import { createRedactor } from '../../tools/redact.ts';
import { createStreamRedactor } from '../../tools/redact-stream.ts';
import { scanSecrets, secretValues } from '../../tools/secrets.ts';

const BASE = 'hunter2hunter2';

test.each([
  ['one begins as another', [BASE, `${BASE}-and-its-tail`], `${BASE}-and-its-tail`],
  ['one ends as another', ['its-tail-and-more', `${BASE}its-tail-and-more`], `${BASE}its-tail-and-more`],
  ['one goes on where another ends', [`${BASE}-middle`, 'middle-and-more'], `${BASE}-middle-and-more`],
  ['one is part of a well-known shape', ['0123456789'], 'sk-0123456789abcdefghijklmnop'],
])('where %s both are masked to their ends, in one piece or in many', (_how, secrets, text) => {
  const shown = `a [REDACTED] b`;
  expect(createRedactor(secrets)(`a ${text} b`)).toBe(shown);
  const stream = createStreamRedactor(secrets)();
  expect(
    `${Array.from(`a ${text} b`)
      .map((piece) => stream.push(piece))
      .join('')}${stream.end()}`,
  ).toBe(shown);
});

test('secrets that stand side by side are two masks, and what is between two stays', () => {
  const redact = createRedactor([BASE, 'battery-staple']);
  expect(redact(`${BASE}battery-staple, then ${BASE} or battery-staple`)).toBe('[REDACTED][REDACTED], then [REDACTED] or [REDACTED]');
});

const PART = 'a1B2c3D4e5F6';

test.each([
  [`my-eyJ${PART}.eyJ${PART}.${PART}`, 'my-[REDACTED]'],
  [`a.eyJ${PART}.eyJ${PART}.${PART}.z`, 'a.[REDACTED].z'],
  [`eyJshort.eyJ${PART}.eyJ${PART}.${PART}`, 'eyJshort.[REDACTED]'],
  [`eyJ${PART}-eyJ${PART}.eyJ${PART}.${PART}`, '[REDACTED]'],
  [`xeyJ${PART}.eyJ${PART}.${PART}`, `xeyJ${PART}.eyJ${PART}.${PART}`],
  [`eyJ${PART}.${PART}.${PART}`, `eyJ${PART}.${PART}.${PART}`],
])('a JSON web token is known by its three parts: %s', (text, shown) => {
  expect(createRedactor([])(text)).toBe(shown);
});

test.each([
  ['eyJaaaaaaaa-', 'of one word'],
  ['eyJaaaaaaaa.eyJ-', 'of many parts'],
  ['sk-', 'of short shapes'],
  ['-----BEGIN RSA ', 'of keys that never come'],
])('a megabyte of %j takes no time that grows with its square', (unit) => {
  const text = `${unit.repeat(1_000_000 / unit.length)} `;
  const startedMs = performance.now();
  createRedactor([])(text);
  createStreamRedactor([])().push(text);
  // With the square it is minutes.
  expect(performance.now() - startedMs).toBeLessThan(5000);
});

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
