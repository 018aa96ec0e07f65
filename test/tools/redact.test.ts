/** What is masked of a whole text: every secret in full, also where two overlap, and in one pass, whatever the text is. */
import { expect, test } from 'vitest';
import { createRedactor } from '../../tools/redact.ts';
import { createStreamRedactor } from '../../tools/redact-stream.ts';

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
