/** PKCS#12 files with a private key are found by their bytes under any name; what only has the name, or the look, is not. */
import { describe, expect, test } from 'vitest';
import { isKeyStore } from '../../tools/key-stores.ts';
import { scanSecrets } from '../../tools/secrets.ts';
import { CERTIFICATE_BAG, der, identifier, KEY_BAG, keyStore, PLAIN_KEY_BAG } from './key-store.ts';

const found = async (path: string, content: Buffer | string) =>
  (await scanSecrets([{ path, content: Buffer.from(content) }])).map(({ rule, line }) => `${rule}:${line}`);
const wrapped = (content: Buffer): string => content.toString('base64').replaceAll(/.{64}/g, '$&\n');

describe('found', () => {
  test.each<[string, string, Buffer | string]>([
    ['a key under a password', 'certs/a.p12', keyStore(KEY_BAG)],
    ['an open key, under another name', 'data.bin', keyStore(PLAIN_KEY_BAG)],
    ['one of indefinite length', 'a.pfx', Buffer.concat([Buffer.from([0x30, 0x80]), keyStore(KEY_BAG).subarray(4), Buffer.alloc(2)])],
    ['in base64 on one line', 'deploy.env', `STORE=${keyStore(KEY_BAG).toString('base64')}\n`],
  ])('%s', async (_title, path, content) => {
    expect(await found(path, content)).toEqual(['pkcs12-key:1']);
  });

  test('in base64 on many lines, at its first', async () => {
    expect(await found('store.txt', `a store:\n\n${wrapped(keyStore(KEY_BAG))}\nand words\n`)).toEqual(['pkcs12-key:3']);
  });
});

describe('no secret', () => {
  test.each<[string, string, Buffer | string]>([
    ['text with the name of one', 'fixtures/a.p12', 'not a real key store\n'],
    ['an empty file with the name of one', 'fixtures/a.pfx', ''],
    ['one of certificates alone', 'trust.p12', keyStore(CERTIFICATE_BAG)],
    ['its base64', 'trust.txt', wrapped(keyStore(CERTIFICATE_BAG))],
    ['a certificate', 'a.der', der(0x30, der(0x30, der(0xa0, der(0x02, Buffer.from([2]))), Buffer.alloc(300, 0x11)))],
    [
      'a signed message (PKCS#7)',
      'a.p7b',
      der(0x30, identifier([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]), Buffer.alloc(200, 0x11)),
    ],
    ['bytes in which a key bag is named by chance', 'a.bin', Buffer.concat([Buffer.from([0x30, 0x03, 0x02, 0x01, 0x03]), KEY_BAG])],
    ['another version', 'a.p12', keyStore(KEY_BAG, 1)],
  ])('%s', async (_title, path, content) => {
    expect(await found(path, content)).toEqual([]);
  });
});

test.each([Buffer.alloc(0), Buffer.from([0x30]), Buffer.from([0x30, 0xff]), Buffer.from([0x30, 0x82, 0xff, 0xff])])(
  'what ends too soon is none: %j',
  (content) => {
    expect(isKeyStore(content)).toBe(false);
  },
);
