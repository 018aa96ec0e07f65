/** PKCS#12 files (`.p12`, `.pfx`, Java's key stores) that hold a private key: known by what is in them, under any name. */
import type { Literal } from './secret-literals.ts';

/** `PFX ::= SEQUENCE { version INTEGER 3, authSafe ContentInfo ... }`, RFC 7292, 4; the identifier of PKCS#7 data, 1.2.840.113549.1.7, begins what follows. */
const VERSION = Buffer.from([0x02, 0x01, 0x03]);
const PKCS7 = Buffer.from([0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07]);
/** A key bag is 1.2.840.113549.1.12.10.1.1, one under a password 1.2.840.113549.1.12.10.1.2; a certificate bag, which is no secret, ends in 3. */
const KEY_BAGS = [1, 2].map((last) => Buffer.from([0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, last]));
const SEQUENCE = 0x30;

/** Not seen: a key in a part that is sealed as a whole, as certificates usually are. */
export function isKeyStore(content: Buffer): boolean {
  const version = inside(content, 0);
  if (version === undefined || !startsAt(content, VERSION, version)) return false;
  const safe = inside(content, version + VERSION.length);
  return safe !== undefined && startsAt(content, PKCS7, safe) && KEY_BAGS.some((bag) => content.includes(bag));
}

/** Where the content of a SEQUENCE begins; undefined where none stands there. */
function inside(content: Buffer, at: number): number | undefined {
  const length = content[at + 1];
  if (content[at] !== SEQUENCE || length === undefined) return undefined;
  // Up to 127 the length itself, else how many bytes of length follow; 0x80: up to an end mark.
  return at + 2 + (length > 0x80 ? length - 0x80 : 0);
}

const startsAt = (content: Buffer, part: Buffer, at: number): boolean => content.subarray(at, at + part.length).equals(part);

/** The first bytes of one in base64, on one line or on many; how long it is stands between. */
const IN_BASE64 = /\bMII[A-Za-z0-9+/]{3}IBAzCC[A-Za-z0-9+/=\s]{100,}/g;

export function keyStoresIn(text: string): Literal[] {
  return [...text.matchAll(IN_BASE64)].flatMap(({ 0: value, index }) =>
    isKeyStore(Buffer.from(value, 'base64')) ? [{ rule: 'pkcs12-key', value, index }] : [],
  );
}
