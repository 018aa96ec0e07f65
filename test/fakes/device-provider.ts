/**
 * An OpenID provider with the device grant, as strict as RFC 8628, RFC 6749 and Discovery 1.0 say: it refuses what they forbid, obeys a clock
 * of the test, and spends each code and each refresh token once. Its tokens are real JSON Web Tokens.
 */
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { type Asked, openWeb, sendJson, type Web } from './web.ts';

const CLIENT = 'governor-cli';
export const AUDIENCE = 'https://governor.test';

export interface DeviceProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Of the key that signs its tokens, as PEM. */
  readonly publicKey: string;
  readonly asked: readonly Asked[];
  /** What the person does with the code, from now on. */
  decide(decision: 'confirmed' | 'denied'): void;
  /** Called at each poll, with its number from 1. */
  onPoll: (poll: number) => void;
  /** Ends all sessions. */
  revoke(): void;
  readonly revoked: readonly string[];
  close(): Promise<void>;
}

interface ProviderOptions {
  /** In ms. */
  readonly now: () => number;
  readonly subject?: string;
  readonly intervalSeconds?: number;
  readonly lifeSeconds?: number;
  /** The poll at which it has too much to do, though it came in time. */
  readonly busyAtPoll?: number;
  readonly tokenSeconds?: number;
  /** Over the discovery document. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** Over the answer with the code. */
  readonly code?: Readonly<Record<string, unknown>>;
}

interface Code {
  readonly until: number;
  intervalMs: number;
  polledAt: number;
  spent: boolean;
}

export async function openDeviceProvider(options: ProviderOptions): Promise<DeviceProvider> {
  const keys = await generateKeyPair('RS256', { extractable: true });
  const state = { decision: 'none' as 'none' | 'confirmed' | 'denied', polls: 0, serial: 0 };
  const codes = new Map<string, Code>();
  const refreshTokens = new Set<string>();
  const revoked: string[] = [];
  const web: Web = await openWeb((asked, response) => {
    answer(asked).then(
      ([status, value]) => sendJson(response, status, value, { 'cache-control': 'no-store' }),
      (error: unknown) => sendJson(response, 500, { error: String(error) }),
    );
  });
  const issuer = web.url;

  const granted = async (): Promise<[number, object]> => {
    state.serial += 1;
    const seconds = options.tokenSeconds ?? 300;
    const at = Math.floor(options.now() / 1000);
    const token = await new SignJWT({ n: state.serial, roles: ['operator', 'approver'] })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(issuer)
      .setSubject(options.subject ?? 'ada')
      .setAudience(AUDIENCE)
      .setIssuedAt(at)
      .setExpirationTime(at + seconds)
      .sign(keys.privateKey);
    const refresh = `refresh-${state.serial}`;
    refreshTokens.add(refresh);
    return [200, { access_token: token, token_type: 'Bearer', expires_in: seconds, refresh_token: refresh }];
  };
  const failed = (error: string): [number, object] => [400, { error }];

  async function answer({ method, path, headers, body }: Asked): Promise<[number, object]> {
    if (method === 'GET' && path === '/.well-known/openid-configuration')
      return [
        200,
        {
          issuer,
          token_endpoint: `${issuer}/token`,
          device_authorization_endpoint: `${issuer}/device`,
          revocation_endpoint: `${issuer}/revoke`,
          ...options.document,
        },
      ];
    if (method !== 'POST' || !(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded'))
      return failed('invalid_request');
    const form = new URLSearchParams(body);
    // RFC 6749, 3.2: no parameter twice.
    if ([...form.keys()].length !== new Set(form.keys()).size) return failed('invalid_request');
    if (form.get('client_id') !== CLIENT) return [401, { error: 'invalid_client' }];
    if (path === '/device') return device(form);
    if (path === '/revoke') return revoke(form);
    if (path !== '/token') return [404, {}];
    if (form.get('grant_type') === 'refresh_token') return refreshed(form.get('refresh_token') ?? '');
    if (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:device_code') return poll(form.get('device_code') ?? '');
    return failed('unsupported_grant_type');
  }

  async function device(form: URLSearchParams): Promise<[number, object]> {
    if (!(form.get('scope') ?? '').split(' ').includes('openid')) return failed('invalid_scope');
    const intervalMs = (options.intervalSeconds ?? 5) * 1000;
    const code = `device-${codes.size}`;
    codes.set(code, { until: options.now() + (options.lifeSeconds ?? 600) * 1000, intervalMs, polledAt: options.now(), spent: false });
    const named = options.intervalSeconds === undefined ? {} : { interval: options.intervalSeconds };
    const at = { verification_uri: `${issuer}/activate`, verification_uri_complete: `${issuer}/activate?code=WDJB-MJHT` };
    return [200, { device_code: code, user_code: 'WDJB-MJHT', expires_in: options.lifeSeconds ?? 600, ...at, ...named, ...options.code }];
  }

  /** RFC 8628, 3.5. */
  async function poll(word: string): Promise<[number, object]> {
    const code = codes.get(word);
    if (code === undefined || code.spent) return failed('invalid_grant');
    state.polls += 1;
    provider.onPoll(state.polls);
    const sinceMs = options.now() - code.polledAt;
    code.polledAt = options.now();
    if (options.now() > code.until) return failed('expired_token');
    if (sinceMs < code.intervalMs || state.polls === options.busyAtPoll) {
      code.intervalMs += 5000;
      return failed('slow_down');
    }
    if (state.decision === 'none') return failed('authorization_pending');
    code.spent = true;
    return state.decision === 'denied' ? failed('access_denied') : granted();
  }

  /** Rotates: one that comes again ends all of them (RFC 9700, 4.14.2). */
  async function refreshed(token: string): Promise<[number, object]> {
    if (refreshTokens.delete(token)) return granted();
    refreshTokens.clear();
    return failed('invalid_grant');
  }

  function revoke(form: URLSearchParams): [number, object] {
    const token = form.get('token') ?? '';
    refreshTokens.delete(token);
    revoked.push(token);
    return [200, {}];
  }

  const provider: DeviceProvider = {
    issuer,
    clientId: CLIENT,
    publicKey: await exportSPKI(keys.publicKey),
    asked: web.asked,
    decide: (decision) => {
      state.decision = decision;
    },
    onPoll: () => undefined,
    revoke: () => refreshTokens.clear(),
    revoked,
    close: () => web.close(),
  };
  return provider;
}
