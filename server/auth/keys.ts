/** API keys as clients hold them, `gvk_<id>_<secret>`: made once, kept as a hash, known again in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PERSON_ROLES, type PersonRole } from '../../domain/access.ts';
import type { KeyRow, Keys } from '../../domain/keys.ts';
import type { Clock } from '../../domain/ports.ts';

const PREFIX = 'gvk_';
const FORM = /^gvk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** Compared with when there is no such key, so that both ways take as long. */
const NOTHING = Buffer.alloc(32);

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** `key` is shown to a person once; `id` and `hash` are kept. */
export function newKey(): { id: string; hash: string; key: string } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { id, hash: hashOf(secret).toString('hex'), key: `${PREFIX}${id}_${secret}` };
}

/** The Governor key of a request: `x-api-key` or a bearer token. Other services' keys, which SDKs send along unasked, are none. */
export function keyIn(headers: Headers): string | undefined {
  const given = [headers.get('x-api-key')?.trim(), bearerIn(headers)];
  return given.find((word) => word?.startsWith(PREFIX) === true);
}

export function bearerIn(headers: Headers): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '')?.[1];
}

/** The row of a key that is good now; undefined tells nobody whether its id, its secret or its time was wrong. */
export async function verifyKey(keys: Keys, clock: Clock, given: string): Promise<KeyRow | undefined> {
  const [, id = '', secret = ''] = FORM.exec(given) ?? [];
  const row = id === '' ? undefined : await keys.get(id);
  const kept = row === undefined ? NOTHING : Buffer.from(row.hash, 'hex');
  const offered = hashOf(secret);
  const same = kept.length === offered.length && timingSafeEqual(kept, offered);
  return row !== undefined && same && isGood(row, clock) ? row : undefined;
}

/** Neither revoked nor over. A time that cannot be read is over. */
export const isGood = ({ revokedAt, expiresAt }: KeyRow, clock: Clock): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > clock.now());

/** The words that are roles of people. */
export function rolesIn(words: readonly unknown[]): PersonRole[] {
  return PERSON_ROLES.filter((role) => words.includes(role));
}
