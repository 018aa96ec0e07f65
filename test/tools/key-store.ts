/** PKCS#12 files as DER has them, with bytes that mean nothing in place of keys and certificates. */

/** Tag, length, content. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const DATA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
export const identifier = (numbers: readonly number[]): Buffer => der(0x06, Buffer.from(numbers));
const bag = (last: number): Buffer => identifier([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, last]);

export const PLAIN_KEY_BAG = bag(1);
export const KEY_BAG = bag(2);
export const CERTIFICATE_BAG = bag(3);

/** With one bag; `version`: 3 in every true one. */
export function keyStore(held: Buffer, version = 3): Buffer {
  const contents = der(0x30, der(0x30, held, der(0xa0, Buffer.alloc(400, 0x5c))));
  const safe = der(0x30, identifier(DATA), der(0xa0, der(0x04, contents)));
  return der(0x30, der(0x02, Buffer.from([version])), safe);
}
