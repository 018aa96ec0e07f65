/** Where the scanner looks: the whole of a file whatever its size, its name, every reading of it; and values that are known. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newKey } from '../../server/auth/keys.ts';
import { createKnown } from '../../tools/redact.ts';
import { MAX_SCANNED_BYTES, scanSecrets } from '../../tools/secrets.ts';

const KEY = `AKIA${'QWERTYUIOPASZXCV'}`;
const found = async (content: string | Buffer, path = 'a.txt', known: readonly string[] = []) =>
  (await scanSecrets([{ path, content: Buffer.from(content) }], createKnown(known).find)).map(({ line, rule }) => `${rule}:${line}`);

describe('a large file', () => {
  const lines = 'one line of words that say nothing\n';

  test('is looked through to its end, and the line is right', async () => {
    const above = 200_000;
    expect(lines.length * above).toBeGreaterThan(5 * 1024 * 1024);
    expect(await found(`${lines.repeat(above)}key ${KEY}\n${lines}`)).toEqual([`aws-access-key-id:${above + 1}`]);
    expect(await found(lines.repeat(above))).toEqual([]);
  });

  test('of one line is too, also where a piece of it ends in the middle of a key', async () => {
    const half = 4 * 1024 * 1024 - 10;
    expect(await found(`${'.'.repeat(half)} ${KEY} ${'.'.repeat(half)}`)).toEqual(['aws-access-key-id:1']);
  });

  test('that is larger than what is looked through is told; one that just fits is not', async () => {
    expect(await found(Buffer.alloc(MAX_SCANNED_BYTES + 1, '.'))).toEqual(['too-large:1']);
  });
});

test.each(['a\nb.txt', 'a\u2028b.txt', 'a::end||b.txt', '\u0000', 'a\\b', '.', `${'x'.repeat(250)}.js`])(
  'a file named %j is scanned as any other, and nothing dies of its name',
  async (path) => {
    expect(await found(`key ${KEY}\n`, path)).toEqual(['aws-access-key-id:1']);
    expect(await found('words\n', path)).toEqual([]);
    // The scanner's profiler fails later than its answer.
    await new Promise((wake) => setTimeout(wake, 20));
  },
);

test('a key in a name is found, as no line', async () => {
  expect(await found('words\n', `backup/${KEY}.txt`)).toEqual(['aws-access-key-id:0']);
  expect(await found('words\n', 'backup/AKIA-is-how-keys-begin.txt')).toEqual([]);
});

test('a value that is known is found in every form, whatever it looks like; a part of it is not', async () => {
  const value = 'correct horse battery staple';
  for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')])
    expect(await found(`first\nx ${form} y\n`, 'a.txt', [value])).toEqual(['known-secret:2']);
  expect(await found('first\nx battery staple y\n', 'a.txt', [value])).toEqual([]);
  expect(await found('words\n', `notes of ${value}`, [value])).toEqual(['known-secret:0']);
});

test('a key of this server is found, what only begins as one is not', async () => {
  expect(await found(`curl -H "x-api-key: ${newKey().key}"\n`)).toEqual(['governor-key:1']);
  expect(await found('keys have the form gvk_<id>_<secret>, such as gvk_0123456789abcdef_...\n')).toEqual([]);
});

test('what is encoded is found on its line; a token, whose parts are encoded, is found as one', async () => {
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  expect(await found(`first\nx: ${encoded(`the key of the shop is ${KEY}`)}\nlast\n`)).toEqual(['aws-access-key-id:2']);
  expect(await found(`first\nx: ${encoded('the key of the shop is under the mat')}\n`)).toEqual([]);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ alg: 'HS256', typ: 'JWT' });
  for (const claims of [{ sub: 'a' }, { sub: 'ada', iat: 1516239022, iss: 'https://login.example.com' }])
    expect(await found(`first\ntoken: ${head}.${part(claims)}.${part({ x: 1 })}${'dozjgNryP4J3jVmNHl0w'}\n`)).toEqual(['jwt:2']);
});

test('a zero byte, wherever it stands, hides nothing', async () => {
  const text = Buffer.from(`key ${KEY}\n`);
  for (const at of [0, 1, 2, text.length]) {
    const content = Buffer.concat([text.subarray(0, at), Buffer.from([0]), text.subarray(at)]);
    expect(await found(content)).toEqual(['aws-access-key-id:1']);
  }
  expect(await found(Buffer.from('a\0 word\n'))).toEqual([]);
});

test('a comment that switches the scanner off does not, for a shape that it alone knows', async () => {
  const token = ['xoxb', '123456789012', '1234567890123', 'a1B2c3D4e5F6g7H8i9J0k1L2'].join('-');
  const rules = await found(`token ${token}\n`);
  expect(rules).toHaveLength(1);
  expect(await found(`// secretlint-disable\ntoken ${token}\n// secretlint-enable\n`)).toEqual([rules[0]?.replace(':1', ':2')]);
});

test('a file of this machine is never opened by the name of a candidate’s', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'governor-p12-'));
  try {
    const openssl = (...argv: string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: 'ignore' });
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-subj', '/CN=a');
    openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'key.pem',
      '-in',
      'cert.pem',
      '-out',
      'key.p12',
      '-passout',
      'pass:notasecret',
      '-macalg',
      'sha1',
    );
    expect(await found('words\n', join(folder, 'key.p12'))).toEqual([]);
    expect(await found(`key ${KEY}\n`, join(folder, 'key.p12'))).toEqual(['aws-access-key-id:1']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
