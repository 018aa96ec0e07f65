/** What is shown of a text that comes in pieces: never a part of a secret, and ordinary words at once. */
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../tools/redact.ts';
import { createStreamRedactor } from '../../tools/redact-stream.ts';
import { dice } from '../dice.ts';

const LONG = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8';
const KEY = `-----BEGIN RSA PRIVATE KEY-----\nMIIE${LONG}\n${LONG}==\n-----END RSA PRIVATE KEY-----`;
/** One of each shape that is masked wherever it stands. */
const SHAPES = [
  `sk-${LONG}`,
  `sk-proj-${LONG}`,
  `sk-ant-${LONG}`,
  ...['p', 'o', 'u', 's', 'r'].map((kind) => `gh${kind}_${LONG}`),
  `github_pat_${LONG}`,
  'AKIAABCDEFGHIJKLMNOP',
  'ASIAABCDEFGHIJKLMNOP',
  ...['a', 'b', 'p', 'r', 's'].map((kind) => `xox${kind}-${LONG}`),
  `npm_${LONG}`,
  `rk_live_${LONG}`,
  `sk_live_${LONG}`,
  `AIza${LONG}`,
  `eyJ${LONG}.eyJ${LONG}.${LONG}`,
  KEY,
];
/** With a blank, a line's end and a quote, and one that begins as the other. */
const KNOWN = ['correct horse "battery"\nstaple', 'hunter2-hunter2', 'hunter2-hunter2-hunter2'];
const FORMS = KNOWN.flatMap((value) => [
  value,
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value),
  Buffer.from(value).toString('hex'),
  Buffer.from(value).toString('base64url'),
]);

const whole = createRedactor(KNOWN);
const open = createStreamRedactor(KNOWN);

function streamed(pieces: readonly string[]): string {
  const redactor = open();
  return pieces.map((piece) => redactor.push(piece)).join('') + redactor.end();
}

/** What stood on the screen after each piece. */
function shownAfterEach(pieces: readonly string[]): string[] {
  const redactor = open();
  let shown = '';
  return pieces.map((piece) => {
    shown += redactor.push(piece);
    return shown;
  });
}

describe('a secret that comes in pieces', () => {
  test.each([...SHAPES, ...FORMS])('is never shown, wherever it is split: %j', (secret) => {
    for (const [before, after] of [
      ['my key is ', ' and so on'],
      ['', ''],
      ['("', '")\n'],
    ] as const) {
      const text = `${before}${secret}${after}`;
      const masked = whole(text);
      expect(masked).not.toContain(secret);
      for (let at = 0; at <= text.length; at += 1) expect(streamed([text.slice(0, at), text.slice(at)])).toBe(masked);
      expect(streamed(Array.from(text))).toBe(masked);
      // At no moment more than the masked text's own beginning.
      for (const shown of shownAfterEach(Array.from(text))) expect(masked.startsWith(shown)).toBe(true);
    }
  });

  test('is never shown among others, in pieces of any size', () => {
    const roll = dice(7);
    const parts = [...SHAPES, ...FORMS, ' ', '\n', 'words and ', 'sk-', 'eyJ', '-----BEGIN ', 'hunter2', 'é', '名前', '....', '-----\n'];
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 8 }, () => parts[Math.floor(roll() * parts.length)] ?? '').join(roll() < 0.5 ? ' ' : '\n');
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const size = 1 + Math.floor(roll() * 30);
        pieces.push(text.slice(at, at + size));
        at += size;
      }
      expect(streamed(pieces)).toBe(whole(text));
    }
  });

  test('is masked from its first line on while a private key is still coming', () => {
    const redactor = open();
    expect(redactor.push(`key:\n${KEY.slice(0, 60)}`)).toBe('key:\n[REDACTED]');
    expect(redactor.push(KEY.slice(60, 90))).toBe('');
    expect(redactor.push(`${KEY.slice(90)}\nnext`)).toBe('\nnext');
  });
});

describe('ordinary text', () => {
  const prose = 'I read src/sum.js and see that it adds. Next I run the tests; some of them ask for a gift.\n';

  test('is shown at once, but for the few characters that a secret could begin with', () => {
    const shown = shownAfterEach(Array.from(prose));
    for (const [index, text] of shown.entries()) expect(index + 1 - text.length).toBeLessThan(6);
    expect(shown.at(-1)).toBe(prose);
  });

  test('is shown at once where it has no blanks', () => {
    const text = '次に、テストを実行します。'.repeat(20);
    expect(shownAfterEach(Array.from(text)).at(-1)).toBe(text);
    const minified = 'function(a,b){return[a,b,{c:1}]}'.repeat(300);
    const redactor = open();
    expect(redactor.push(minified)).toBe(minified);
  });

  test('that begins as a secret does is shown as soon as it cannot be one', () => {
    const redactor = open();
    expect(redactor.push('use the sk-short')).toBe('use the ');
    expect(redactor.push(' name')).toBe('sk-short name');
    expect(redactor.push('\n-----')).toBe('\n');
    expect(redactor.push('BEGIN')).toBe('');
    expect(redactor.push(' CERTIFICATE-----\nab.')).toBe('-----BEGIN CERTIFICATE-----\nab.');
    expect(redactor.push(' hunter')).toBe(' ');
    expect(redactor.end()).toBe('hunter');
  });

  test('of one endless word that begins as a secret does is masked, held back in a bounded place, and the next word is shown', () => {
    const redactor = open();
    let shown = redactor.push('see eyJ');
    for (let count = 0; count < 100; count += 1) shown += redactor.push('x'.repeat(1000));
    expect(shown).toBe('see [REDACTED]');
    expect(redactor.push('xx then more')).toBe(' then more');
    expect(redactor.end()).toBe('');
  });
});
