/** A secret is found by rule, masked, and told once. */
import { describe, expect, test } from 'vitest';
import { secrets } from '../../../../nodes/review/checks/secrets.ts';
import { scanSecrets } from '../../../../tools/secrets.ts';
import { codes, review } from './review.ts';

describe('secrets', () => {
  const KEY = (tail: string): string => `AKIA${'QWERTYUIOPAS'}${tail}`;

  test('a secret is found by rule and masked, in the whole file, whatever switches the scanner off', async () => {
    const outcome = await review(secrets, { base: {}, candidate: { a: `// secretlint-disable\nkey ${KEY('ZXCV')}\n` } });
    expect(codes(outcome)).toEqual(['SECRET_FOUND a']);
    expect(outcome.findings[0]?.message).not.toContain(KEY('ZXCV'));
  });

  test.each<[string, (text: string) => Buffer]>([
    ['UTF-16BE with a mark', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16BE', (text) => Buffer.from(text, 'utf16le').swap16()],
    ['UTF-16LE that begins with a sign', (text) => Buffer.from(`☃${text}`, 'utf16le')],
    ['UTF-16LE with an odd byte', (text) => Buffer.concat([Buffer.from(text, 'utf16le'), Buffer.from('x')])],
  ])('one in %s is found; without one nothing is', async (_title, encode) => {
    const found = (text: string) => scanSecrets([{ path: 'a.txt', content: encode(text) }]);
    expect(await found(`key ${KEY('ZXCV')}\n`)).toMatchObject([{ rule: 'aws-access-key-id', line: 1 }]);
    expect(await found('a key is never written down\n')).toEqual([]);
  });

  test('what stood there before is not told again, another secret that looks alike is', async () => {
    const base = { a: `key ${KEY('ZXCV')}\n` };
    expect(codes(await review(secrets, { base, candidate: { a: `more\nkey ${KEY('ZXCV')}\n` } }))).toEqual([]);
    expect(codes(await review(secrets, { base, candidate: { a: `key ${KEY('BNMA')}\n` } }))).toEqual(['SECRET_FOUND a']);
  });
});

describe('a mask', () => {
  const VALUE = 'the-operators-own-value';
  const base = { 'src/a.js': `const a = 1;\nconnect('${VALUE}');\n`, 'src/b.js': 'x\n' };
  const told = async (candidate: Parameters<typeof review>[1]['candidate'], more: object = {}) => {
    const { findings } = await review(secrets, { base, candidate, secrets: [VALUE], ...more });
    return findings.map(({ code, path, line }) => `${code} ${path}:${line}`);
  };

  test('where a secret stood is found, also when it came there in two steps, or in another file', async () => {
    const line = "connect('[REDACTED]');\n";
    expect(await told({ 'src/a.js': `const a = 1;\n${line}` })).toEqual(['SECRET_FOUND src/a.js:2']);
    expect(await told({ 'src/a.js': `const a = 1;\nconnect("[REDACTED]", 2);\n` })).toEqual(['SECRET_FOUND src/a.js:2']);
    expect(await told({ 'src/c.js': `// moved\n  ${line}` })).toEqual(['SECRET_FOUND src/c.js:2']);
    expect(await told({ 'src/a.js': `const a = 1;\n`, 'src/b.js': `x\n${line}` })).toEqual(['SECRET_FOUND src/b.js:2']);
  });

  test('that a program writes by itself is none, nor a secret that goes to the environment', async () => {
    const masks = "export const MASK = '[REDACTED]';\n";
    expect(await told({ 'src/mask.js': masks })).toEqual([]);
    expect(await told({ 'src/mask.js': masks, 'src/a.js': 'const a = 1;\nconnect(process.env.KEY);\n' })).toEqual([]);
    expect(await told({ 'src/b.js': "connect('[REDACTED]');\n" }, { base: { 'src/b.js': "connect('[REDACTED]');\nold\n" } })).toEqual([]);
  });
});

describe('a value that is known to be secret', () => {
  const VALUE = 'correct horse battery staple';
  const told = async (candidate: Parameters<typeof review>[1]['candidate'], base = {}) => {
    const { findings } = await review(secrets, { base, candidate, secrets: [VALUE] });
    expect(JSON.stringify(findings)).not.toContain(VALUE);
    return findings.map(({ code, path, line }) => `${code} ${path}:${line ?? 'name'}`);
  };

  test('is found whatever it looks like, in a file and in a name; what only speaks of it is not', async () => {
    expect(await told({ 'a.md': `first\nsay ${VALUE}\n` })).toEqual(['SECRET_FOUND a.md:2']);
    expect(await told({ [`${VALUE}.md`]: 'words\n' })).toEqual(['SECRET_FOUND [REDACTED].md:name']);
    expect(await told({ 'a.md': 'a horse and a battery\n' })).toEqual([]);
  });

  test('is not told where it stood before', async () => {
    const line = `say ${VALUE}\n`;
    expect(await told({ 'a.md': `${line}more\n` }, { 'a.md': line })).toEqual([]);
  });
});
