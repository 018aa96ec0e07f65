/** A difference as it may be shown: no secret in it, also where it is only context; all else byte for byte. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { PatchOf } from '../../domain/workspace.ts';
import { MAX_SHOWN_BYTES, maskedPatch } from '../../tools/masked-patch.ts';
import { createRedactor } from '../../tools/redact.ts';
import { CERTIFICATE_BAG, KEY_BAG, keyStore } from './key-store.ts';
import { makeRepo, type TestRepo } from './repo.ts';

let repo: TestRepo | undefined;
afterEach(() => repo?.remove());

const KNOWN = 'the-operators-own-value';
const redact = createRedactor([KNOWN]);
type Files = Readonly<Record<string, string | Uint8Array>>;

async function patchOf(base: Files, candidate: Files, of?: PatchOf): Promise<{ masked: Buffer; raw: Buffer }> {
  repo = makeRepo();
  const put = (files: Files): string => {
    for (const [path, content] of Object.entries(files)) repo?.put(path, content);
    return repo?.commit('x') ?? '';
  };
  const commits = [put(base), put(candidate)];
  const repository = await repo.open();
  const [from = '', to = ''] = await Promise.all(commits.map((commit) => repository.treeOf(commit)));
  const raw = await repository.patch(from, to);
  const masked = await maskedPatch(repository, { from, to, ...(of === undefined ? {} : { of }) }, redact);
  repository.close();
  return { masked, raw };
}

const AWS = 'AKIAIOSFODNN7ABCDEFG';
const STRIPE = `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'}`;
const PASSWORD = 'vG7#kq92!xPz0wLm';
const around = (secret: string, value: number): string => `const a = 1;\nconst key = ${secret};\nexport const b = ${value};\n`;

describe('secrets are masked', () => {
  test.each([
    ['a key of a well-known shape', `'${AWS}'`, AWS],
    ['a key that only the scanner knows', `'${STRIPE}'`, STRIPE],
    ['a password', `{ password: '${PASSWORD}' }`, PASSWORD],
    ["the operator's own value", `'${KNOWN}'`, KNOWN],
  ])('%s in the context of the base', async (_name, text, secret) => {
    const { masked, raw } = await patchOf({ 'a.js': around(text, 1) }, { 'a.js': around(text, 2) });
    expect(raw.toString()).toContain(secret);
    expect(masked.toString()).not.toContain(secret);
    expect(masked.toString().split('\n')[0]).toBe(
      '# governor: secrets are masked as [REDACTED] here; the files themselves are as they are',
    );
    expect(masked.toString().split('\n').slice(1).join('\n')).toBe(raw.toString().replaceAll(secret, '[REDACTED]'));
  });

  test('in removed lines, and in files that are deleted', async () => {
    const { masked } = await patchOf(
      { 'a.js': around(`'${AWS}'`, 1), 'b.js': `export const k = '${STRIPE}';\n` },
      { 'a.js': 'const a = 1;\n' },
    );
    expect(masked.toString()).toContain("-const key = '[REDACTED]';");
    expect(masked.toString()).not.toContain(AWS);
    repo?.remove();
    const { masked: moved } = await patchOf({ 'c.js': around(`'${AWS}'`, 1) }, { 'c.js': '\n', 'd.js': around(`'${AWS}'`, 3) });
    expect(moved.toString()).not.toContain(AWS);
  });

  test('a private key whose hunk begins in its middle, and a value of many lines', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { masked, raw } = await patchOf({ 'k.pem': `${pem}# one\n` }, { 'k.pem': `${pem}# two\n` });
    const inside = pem.split('\n').slice(1, -2);
    const shown = inside.filter((line) => raw.toString().includes(line));
    expect(shown.length).toBeGreaterThan(0);
    expect(raw.toString()).not.toContain('BEGIN PRIVATE KEY');
    for (const line of shown) expect(masked.toString()).not.toContain(line);
    expect(masked.toString()).toContain('-# one\n+# two');
    const lines = createRedactor(['first line of it\nsecond line of it']);
    expect(lines(' second line of it\n+third line')).toBe(' [REDACTED]\n+third line');
  });

  test('a secret in base64 takes its line with it; one in a binary difference takes the difference', async () => {
    const encoded = Buffer.from(`the key of the shop is ${AWS}`).toString('base64');
    const { masked } = await patchOf({ 'a.js': around(`'${encoded}'`, 1) }, { 'a.js': around(`'${encoded}'`, 2) });
    expect(masked.toString()).not.toContain(encoded);
    expect(masked.toString()).toContain('+export const b = 2;');
    repo?.remove();
    const utf16 = (value: number): Buffer => Buffer.from(`\ufeff${around(`'${AWS}'`, value)}`, 'utf16le');
    const binary = await patchOf({ 'a.txt': utf16(1) }, { 'a.txt': utf16(2) });
    expect(binary.raw.toString()).toContain('GIT binary patch');
    expect(binary.masked.toString()).toContain('[binary difference with a secret: left out]');
    expect(binary.masked.toString()).not.toContain('literal');
  });
});

describe('all else stays as it is', () => {
  test('a difference without a secret is the same bytes, whatever its encoding', async () => {
    const latin1 = (value: number): Buffer => Buffer.from(`caf\xe9\r\nna\xefve ${value}\r\n`, 'latin1');
    const binary = (value: number): Buffer => Buffer.from([0, 1, 2, value, 255]);
    const { masked, raw } = await patchOf(
      { 'a.txt': latin1(1), 'b.bin': binary(1) },
      { 'a.txt': latin1(2), 'b.bin': binary(2), 'c.js': 'x\n' },
    );
    expect(masked.equals(raw)).toBe(true);
  });

  test('beside a secret the bytes of other lines stay, and a word that only looks like one does too', async () => {
    const text = (value: number): Buffer =>
      Buffer.concat([Buffer.from(`caf\xe9 ${value}\n`, 'latin1'), Buffer.from(`key = '${AWS}'\npassword: "<database password>"\n`)]);
    const { masked, raw } = await patchOf({ 'a.txt': text(1) }, { 'a.txt': text(2) });
    expect(masked.includes(Buffer.from('+caf\xe9 2\n', 'latin1'))).toBe(true);
    expect(masked.toString('latin1').split('\n').slice(1).join('\n')).toBe(raw.toString('latin1').replaceAll(AWS, '[REDACTED]'));
  });

  test('a sub-repository and a change of mode have no files to look into', async () => {
    repo = makeRepo();
    repo.put('a.sh', 'echo\n');
    const one = repo.commit('one');
    repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    repo.git('update-index', '--chmod=+x', 'a.sh');
    repo.git('commit', '-q', '-m', 'two');
    const repository = await repo.open();
    const trees = { from: await repository.treeOf(one), to: await repository.treeOf(repo.git('rev-parse', 'HEAD')) };
    expect((await maskedPatch(repository, trees, redact)).equals(await repository.patch(trees.from, trees.to))).toBe(true);
    repository.close();
  });
});

test('the difference of one path is masked like that of all, and of the others nothing is said', async () => {
  const files = (value: number): Files => ({ 'a.js': around(`'${AWS}'`, value), 'b.js': around("'b'", value) });
  const { masked } = await patchOf(files(1), files(2), { path: 'a.js', binary: false });
  expect(masked.toString()).toContain("const key = '[REDACTED]';");
  expect(masked.toString()).not.toContain('b.js');
});

describe('a file that is too large to be shown', () => {
  const large = (first: string): string => `${first}\n${'words that say nothing\n'.repeat(MAX_SHOWN_BYTES / 20)}`;

  test('is named with its size and never read whole; the files beside it are shown as ever, also one of nearly its name', async () => {
    repo = makeRepo();
    const put = (number: number): string => {
      repo?.put('big.txt', large(`line ${number}`));
      repo?.put('big.txt.md', `small ${number}\n`);
      repo?.put('odd [*].txt', large(`line ${number}`));
      repo?.put('a.js', around(`'${AWS}'`, number));
      return repo?.commit('x') ?? '';
    };
    const commits = [put(1), put(2)];
    const repository = await repo.open();
    const [from = '', to = ''] = await Promise.all(commits.map((commit) => repository.treeOf(commit)));
    const read: number[] = [];
    const watched = {
      ...repository,
      blob: async (oid: string) => {
        const content = await repository.blob(oid);
        read.push(content.length);
        return content;
      },
    };
    const text = (await maskedPatch(watched, { from, to }, redact)).toString();
    expect(Math.max(...read)).toBeLessThan(1000);
    const bytes = large('line 1').length;
    const left = (name: string) =>
      `diff --git a/${name} b/${name}\n[difference of a file of ${bytes} bytes: left out; files of at most ${MAX_SHOWN_BYTES} are shown]\n`;
    expect(text.endsWith(`${left('big.txt')}${left('odd [*].txt')}`)).toBe(true);
    expect(text).toContain('+small 2');
    expect(text).toContain('[REDACTED]');
    expect(text).not.toContain('words that say');
    const one = (await maskedPatch(repository, { from, to, of: { path: 'big.txt.md' } }, redact)).toString();
    expect([one.includes('+small 2'), one.includes('left out')]).toEqual([true, false]);
    expect((await maskedPatch(repository, { from, to, of: { path: 'big.txt' } }, redact)).toString()).toBe(left('big.txt'));
    repository.close();
  });

  test('one that is just as large as may be is shown', async () => {
    const line = `${'x'.repeat(1023)}\n`;
    const { masked } = await patchOf(
      { 'a.txt': line.repeat(MAX_SHOWN_BYTES / 1024) },
      { 'a.txt': `y${line.slice(1)}${line.repeat(MAX_SHOWN_BYTES / 1024 - 1)}` },
    );
    expect(masked.toString()).toContain('\n+yx');
  });
});

test('the bytes of a PKCS#12 file with a key are left out, also where git takes it for text; those of another binary file are not', async () => {
  const zeros = (store: Buffer): Buffer => Buffer.concat([store, Buffer.alloc(100)]);
  const added = { 'a.p12': zeros(keyStore(KEY_BAG)), 'b.bin': zeros(keyStore(CERTIFICATE_BAG)), 'c.p12': keyStore(KEY_BAG) };
  const { masked } = await patchOf({ 'x.md': 'x' }, { 'x.md': 'x', ...added });
  expect(masked.toString('latin1').match(/^diff --git.*|^\[difference.*|^GIT binary patch$|^@@/gm)).toEqual([
    'diff --git a/a.p12 b/a.p12',
    '[difference of a file with a key: left out]',
    'diff --git a/b.bin b/b.bin',
    'GIT binary patch',
    'diff --git a/c.p12 b/c.p12',
    '[difference of a file with a key: left out]',
  ]);
});
