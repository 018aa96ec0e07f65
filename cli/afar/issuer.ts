/** The issuer of tokens: found by OpenID Connect Discovery, asked by forms; it is sent nothing but what it gave, and led nowhere else. */
import { z } from 'zod';
import { UsageError } from '../../domain/errors.ts';
import { isLoopback } from '../../server/http/origin.ts';
import { shown, wayFault } from './faults.ts';

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 1024 * 1024;

/** HTTPS, or this machine: codes and tokens go there. As RFC 3986 writes it: what `URL` would repair is not what is shown to a person. */
export function isSafe(word: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(word) || !URL.canParse(word)) return false;
  const { protocol, hostname, username, password } = new URL(word);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)));
}

/** Whoever is elsewhere must not have this machine ask a service of its own. */
export const isHere = (word: string): boolean => isLoopback(new URL(word).hostname);

const endpoint = z.string().refine(isSafe, 'must be https, or http on this machine');
const discoverySchema = z.looseObject({
  issuer: z.string(),
  token_endpoint: endpoint,
  device_authorization_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
});

export interface Issuer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly deviceEndpoint: string;
  readonly revocationEndpoint: string | undefined;
}

/** OpenID Connect Discovery 1.0, section 4. @throws UsageError naming what is wrong with it. */
export async function discover(issuer: string): Promise<Issuer> {
  if (!isSafe(issuer)) throw new UsageError(`issuer ${shown(issuer).slice(0, 300)}: must be an https URL, or http on this machine`);
  const url = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  return issuerIn(issuer, url, await asked(issuer, url));
}

/** What its document names. @throws UsageError. */
export function issuerIn(issuer: string, url: string, { status, value }: FormAnswer): Issuer {
  const found = discoverySchema.safeParse(value);
  if (status !== 200 || !found.success)
    throw new UsageError(
      `issuer ${issuer}: ${url} is no discovery document (${status}${found.success ? '' : `, ${shown(found.error.issues[0]?.path.join('.') || 'no object')}`}); check --issuer`,
    );
  // Else one issuer could hand out another one's endpoints (section 4.3).
  if (found.data.issuer !== issuer)
    throw new UsageError(
      `issuer ${issuer}: its discovery document is of ${shown(found.data.issuer).slice(0, 300)}; give the issuer exactly as it names itself`,
    );
  const { device_authorization_endpoint: deviceEndpoint } = found.data;
  if (deviceEndpoint === undefined)
    throw new UsageError(
      `issuer ${issuer}: offers no device code grant (RFC 8628); turn it on there, or sign in with a key: governor login --key`,
    );
  const { token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint } = found.data;
  const inside = [tokenEndpoint, deviceEndpoint, revocationEndpoint].find((one) => one !== undefined && isHere(one));
  if (inside !== undefined && !isHere(issuer))
    throw new UsageError(`issuer ${issuer}: names ${shown(inside).slice(0, 300)}, on this machine, and is not on it; check --issuer`);
  return { issuer, tokenEndpoint, deviceEndpoint, revocationEndpoint };
}

export interface FormAnswer {
  readonly status: number;
  /** Undefined where it is not JSON. */
  readonly value: unknown;
}

/** @throws UsageError where the issuer cannot be reached, or leads elsewhere. */
export const postForm = (issuer: string, url: string, form: Readonly<Record<string, string>>): Promise<FormAnswer> =>
  asked(issuer, url, new URLSearchParams(form));

async function asked(issuer: string, url: string, form?: URLSearchParams): Promise<FormAnswer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(form === undefined ? {} : { body: form }),
    });
    text = await bounded(response);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(
      wayFault(issuer, thrown)
        .error.message.replace(/^server/, 'issuer')
        .replace('start it with governor serve, or check', 'check'),
    );
  }
  if (response.status >= 300 && response.status < 400)
    throw new UsageError(
      `issuer ${issuer}: ${url} leads elsewhere (${response.status}); codes and tokens go to no other place than it names`,
    );
  try {
    return { status: response.status, value: JSON.parse(text) };
  } catch {
    return { status: response.status, value: undefined };
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new UsageError(`${new URL(response.url).origin}: answers more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}
