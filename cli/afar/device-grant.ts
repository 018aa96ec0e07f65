/** Signs a person in on a device without a browser: the OAuth 2.0 Device Authorization Grant, RFC 8628; and renews what it gave. */
import { z } from 'zod';
import { visible } from '../../domain/access.ts';
import { UsageError } from '../../domain/errors.ts';
import { shown } from './faults.ts';
import { type Issuer, isSafe, postForm } from './issuer.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628, 3.2: where the issuer names no interval; 3.5: what `slow_down` adds. In ms. */
const INTERVAL_MS = 5000;
const SLOWER_MS = 5000;
/** Whatever an issuer says, a code is given up after an hour, in ms. */
const MAX_LIFE_MS = 60 * 60_000;

const codeSchema = z.looseObject({
  device_code: z.string().min(1).max(4096),
  user_code: z.string().min(1).max(100),
  verification_uri: z.string().max(2000).refine(isSafe, 'must be https, or http on this machine'),
  verification_uri_complete: z.string().max(4000).refine(isSafe, 'must be https, or http on this machine').optional(),
  expires_in: z.number().positive(),
  interval: z.number().nonnegative().optional(),
});
const word = z
  .string()
  .min(1)
  .max(32 * 1024)
  .regex(/^[\x21-\x7e]+$/, 'must be printable and without blanks');
const tokenSchema = z.looseObject({
  access_token: word,
  token_type: z.string().regex(/^bearer$/i, 'must be Bearer'),
  expires_in: z.number().positive().optional(),
  refresh_token: word.optional(),
  id_token: word.optional(),
});
const errorSchema = z.looseObject({ error: z.string(), error_description: z.string().optional() });

/** What was granted. */
export interface Granted {
  /** What the server is sent. */
  readonly token: string;
  readonly expiresAt: number | null;
  readonly refreshToken: string | undefined;
}

export interface DeviceClient {
  readonly clientId: string;
  readonly scope: string;
  readonly audience?: string | undefined;
}

/** Time as it passes. */
export interface Waiting {
  now(): number;
  wait(ms: number): Promise<void>;
}

/** Tells the person where to go, and waits until they have decided there. @throws UsageError with what ended it, and the mend. */
export async function deviceGrant(
  issuer: Issuer,
  client: DeviceClient,
  { time, say }: { readonly time: Waiting; readonly say: (line: string) => void },
): Promise<Granted> {
  const { status, value } = await postForm(issuer.issuer, issuer.deviceEndpoint, {
    client_id: client.clientId,
    scope: client.scope,
    ...(client.audience === undefined ? {} : { audience: client.audience }),
  });
  const code = codeSchema.safeParse(value);
  if (status !== 200 || !code.success)
    throw new UsageError(`issuer ${issuer.issuer}: gives no device code (${status}${errorWords(value)}); check --client-id and --scope`);
  const { user_code: userCode, verification_uri: at, verification_uri_complete: complete } = code.data;
  say(`sign in at ${visible(at)} with the code ${shown(userCode)}`);
  if (complete !== undefined) say(`or open ${visible(complete)}, and compare the code`);
  return polled(issuer, client, { code: code.data, time });
}

interface Polling {
  readonly code: z.infer<typeof codeSchema>;
  readonly time: Waiting;
}

async function polled(issuer: Issuer, client: DeviceClient, { code, time }: Polling): Promise<Granted> {
  const until = time.now() + Math.min(code.expires_in * 1000, MAX_LIFE_MS);
  let intervalMs = code.interval === undefined ? INTERVAL_MS : Math.max(1000, code.interval * 1000);
  const form = { grant_type: GRANT, device_code: code.device_code, client_id: client.clientId };
  for (;;) {
    if (time.now() + intervalMs > until)
      throw new UsageError('login: the code has expired before anybody confirmed it; run governor login again');
    await time.wait(intervalMs);
    const answer = await postForm(issuer.issuer, issuer.tokenEndpoint, form).catch(() => undefined);
    // RFC 8628, 3.5: after a connection that timed out, less often.
    if (answer === undefined || answer.status >= 500) {
      intervalMs *= 2;
      continue;
    }
    if (answer.status === 200) return grantedBy(issuer, answer.value, time);
    const error = errorSchema.safeParse(answer.value).data?.error;
    switch (error) {
      case 'authorization_pending':
        break;
      case 'slow_down':
        intervalMs += SLOWER_MS;
        break;
      case 'access_denied':
        throw new UsageError(`login: it was refused at ${issuer.issuer}; run governor login again, and confirm the code there`);
      case 'expired_token':
        throw new UsageError('login: the code has expired before anybody confirmed it; run governor login again');
      default:
        throw new UsageError(`issuer ${issuer.issuer}: gives no token (${answer.status}${errorWords(answer.value)}); check --client-id`);
    }
  }
}

/** RFC 6749, section 6. `ended`: the issuer does not take the refresh token any more. */
export async function renewed(
  { issuer, tokenEndpoint, clientId, refreshToken }: { issuer: string; tokenEndpoint: string; clientId: string; refreshToken: string },
  time: Pick<Waiting, 'now'>,
): Promise<Granted | 'ended'> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId };
  const { status, value } = await postForm(issuer, tokenEndpoint, form);
  if (status === 200) return grantedBy({ issuer }, value, time);
  if (status === 400 || status === 401) return 'ended';
  throw new UsageError(`issuer ${issuer}: renews no token now (${status}${errorWords(value)}); try again`);
}

/** A server checks a JSON Web Token: where the access token is none, the ID token is one. */
const isJwt = (token: string): boolean => token.split('.').length === 3;

function grantedBy({ issuer }: Pick<Issuer, 'issuer'>, value: unknown, time: Pick<Waiting, 'now'>): Granted {
  const parsed = tokenSchema.safeParse(value);
  if (!parsed.success)
    throw new UsageError(
      `issuer ${issuer}: its token answer cannot be read (${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''})`,
    );
  const { access_token: access, id_token: id, expires_in: seconds, refresh_token: refreshToken } = parsed.data;
  return {
    token: !isJwt(access) && id !== undefined ? id : access,
    expiresAt: seconds === undefined ? null : time.now() + seconds * 1000,
    refreshToken,
  };
}

function errorWords(value: unknown): string {
  const parsed = errorSchema.safeParse(value);
  if (!parsed.success) return '';
  const { error, error_description: more } = parsed.data;
  return `, ${shown(more === undefined ? error : `${error}: ${more}`).slice(0, 300)}`;
}
