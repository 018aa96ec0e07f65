/** JSON Web Tokens of one issuer: signature, algorithm, issuer, audience and time are pinned; roles and tenant come from claims. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyResult, jwtVerify } from 'jose';
import type { PersonRole } from '../../domain/access.ts';
import { toError, UsageError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { DEFAULT_TENANT } from '../../domain/served.ts';
import type { JwtConfig } from '../../domain/server-config.ts';
import { Problem } from '../http/problem.ts';
import { rolesIn } from './keys.ts';

/** Clocks of two machines differ by so much. */
const TOLERANCE_S = 5;
const MIN_SECRET_BYTES = 32;
/** Faults of the issuer's endpoint, not of the token. */
const FETCHING = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'];

export interface TokenHolder {
  /** `<issuer>#<sub>`. */
  readonly principal: string;
  readonly roles: readonly PersonRole[];
  readonly tenant: string;
}

export interface Tokens {
  /** Whether the token says, unproven, that it is of this issuer. */
  claims(token: string): boolean;
  /** @throws Problem 401 with the rule that it breaks; 403 without a tenant; 503 when the issuer's keys cannot be had. */
  verify(token: string): Promise<TokenHolder>;
}

/** @throws UsageError when the key is not there, unreadable or too short. */
export function createTokens(config: JwtConfig, clock: Clock, resolve: (reference: string) => string | undefined): Tokens {
  const check = checkerOf(config, resolve);
  return {
    claims: (token) => {
      try {
        return decodeJwt(token).iss === config.issuer;
      } catch {
        return false;
      }
    },
    verify: async (token) => {
      const payload = await proven(check, token, config, clock);
      if (typeof payload.sub !== 'string' || payload.sub === '') throw refused('sub must be a non-empty string');
      return {
        principal: `${config.issuer}#${payload.sub}`,
        roles: config.rolesClaim === undefined ? [] : rolesIn(words(claim(payload, config.rolesClaim))),
        tenant: config.tenantClaim === undefined ? DEFAULT_TENANT : tenantOf(payload, config.tenantClaim),
      };
    },
  };
}

type Check = (token: string, options: Parameters<typeof jwtVerify>[2]) => Promise<JWTVerifyResult>;

function checkerOf(config: JwtConfig, resolve: (reference: string) => string | undefined): Check {
  if (config.jwksUrl !== undefined) {
    const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(config.jwksUrl));
    return (token, options) => jwtVerify(token, keys, options);
  }
  const key = config.secret === undefined ? publicKey(config.publicKeyFile ?? '') : sharedSecret(config.secret, resolve);
  return (token, options) => jwtVerify(token, key, options);
}

function publicKey(file: string): KeyObject {
  if (!existsSync(file)) throw new UsageError(`server.auth.jwt.publicKeyFile: there is no file ${file}`);
  try {
    return createPublicKey(readFileSync(file));
  } catch {
    throw new UsageError(`server.auth.jwt.publicKeyFile: ${file} is no public key or certificate as PEM`);
  }
}

function sharedSecret(reference: string, resolve: (reference: string) => string | undefined): Uint8Array {
  const secret = new TextEncoder().encode(resolve(reference) ?? '');
  if (secret.length < MIN_SECRET_BYTES)
    throw new UsageError(
      `server.auth.jwt.secret: ${reference} ${secret.length === 0 ? 'is not set' : `has ${secret.length} bytes; ${MIN_SECRET_BYTES} or more are needed`}`,
    );
  return secret;
}

async function proven(check: Check, token: string, config: JwtConfig, clock: Clock): Promise<JWTPayload> {
  try {
    const { payload } = await check(token, {
      algorithms: config.algorithms,
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(clock.now()),
    });
    return payload;
  } catch (error) {
    // With keys at hand whatever is wrong is wrong with the token; else it may be the way to the issuer.
    const isTokens = error instanceof errors.JOSEError && !FETCHING.includes(error.code);
    if (config.jwksUrl === undefined || isTokens) throw refused(toError(error).message);
    throw new Problem(503, `the keys of ${config.issuer} cannot be had now`);
  }
}

const refused = (rule: string): Problem =>
  new Problem(401, `token refused: ${rule}`, { 'www-authenticate': 'Bearer error="invalid_token"' });

/** A claim by its own name, else by its path. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let at: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part]; // an object that has it
  }
  return at;
}

function words(value: unknown): readonly unknown[] {
  return typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value : [];
}

function tenantOf(payload: JWTPayload, name: string): string {
  const tenant = claim(payload, name);
  if (typeof tenant === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/.test(tenant)) return tenant;
  throw new Problem(403, `token: its claim ${name} names no tenant`);
}
