/** Signs seals with a key that is kept outside the home: who can only write the home cannot write its trail anew. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../../domain/ids.ts';

export interface Signer {
  /** Tells keys apart, and nothing of the key. */
  readonly id: string;
  /** `<key id>:<HMAC-SHA-256 in hex>` of a seal's hash. */
  sign(hash: string): string;
}

/** Shortest key, in characters: 16 random bytes as hex. */
export const MIN_KEY_LENGTH = 32;

export function createSigner(key: string): Signer {
  const id = sha256(`governor audit key\n${key}`).slice(0, 12);
  return { id, sign: (hash) => `${id}:${createHmac('sha256', key).update(`governor audit seal\n${hash}`).digest('hex')}` };
}

/** What is wrong with the signature of a seal; undefined: nothing that can be known here. */
export function signatureFault(signer: Signer | undefined, hash: string, mac: string | null, signedBefore: boolean): string | undefined {
  if (signer === undefined) return undefined;
  if (mac === null) return signedBefore ? 'its seal is not signed, as those before it are' : undefined;
  if (!mac.startsWith(`${signer.id}:`))
    return `its seal is signed with key ${mac.split(':')[0] ?? ''}, and the key of this home is ${signer.id}`;
  const [given, right] = [Buffer.from(mac), Buffer.from(signer.sign(hash))];
  return given.length === right.length && timingSafeEqual(given, right) ? undefined : 'the signature of its seal is not that of the key';
}
