/** Tokens of the issuer: what is pinned is pinned, and forged, old, foreign and confused ones are refused. */

import { createHmac, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Auth } from '@langchain/langgraph-sdk/auth';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator } from '../../../server/auth/authenticator.ts';
import { customAuth } from '../../../server/auth/custom.ts';
import { ADA, type AuthWorld, bearer, makeAuthWorld, operatorOf, peerAt, requestWith } from './auth-world.ts';

const ISSUER = 'https://login.example.com';
const SECRET = 'a secret of thirty-two bytes, yes';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const REFUSED = { name: 'Problem', status: 401 };

let world: AuthWorld;
let authenticate: Authenticator;
const file = (): string => join(world.folder, 'issuer.pem');
const jwtConfig = (more: object = {}) => ({
  issuer: ISSUER,
  audience: 'governor',
  algorithms: ['RS256'],
  publicKeyFile: file(),
  rolesClaim: 'realm_access.roles',
  ...more,
});
const serverWith = (jwt: object, rest: object = {}) =>
  world.authenticator({ operator: operatorOf({ server: { auth: { jwt } }, ...rest }), resolve: () => SECRET });

beforeEach(async () => {
  world = makeAuthWorld();
  writeFileSync(file(), publicPem);
  authenticate = await serverWith(jwtConfig());
});
afterEach(() => world.dispose());

const nowS = (): number => Math.floor(world.clock.ms / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: 'governor',
  sub: 'ada',
  exp: nowS() + 60,
  realm_access: { roles: ['operator', 'superuser', 'approver'] },
  ...more,
});
const signed = (payload: JWTPayload, key = rsa.privateKey, alg = 'RS256'): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);
const without = (name: string): JWTPayload => Object.fromEntries(Object.entries(claims()).filter(([key]) => key !== name));
/** A token as an attacker writes it. */
const forged = (header: object, payload: object, sign: (input: string) => string): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${sign(input)}`;
};

describe('a token', () => {
  it('is its subject at its issuer, with the roles of the claim that are roles', async () => {
    expect(await authenticate(bearer(await signed(claims())))).toMatchObject({
      person: { id: `${ISSUER}#ada`, roles: ['operator', 'approver'], method: 'jwt', alone: false },
      tenant: 'default',
    });
  });

  it('may carry roles as words, under a name with dots too', async () => {
    authenticate = await serverWith(jwtConfig({ rolesClaim: 'https://example.com/roles' }));
    const caller = await authenticate(bearer(await signed(claims({ 'https://example.com/roles': 'viewer admin,root' }))));
    expect(caller.person.roles).toEqual(['viewer', 'admin']);
  });

  it('the operator’s word about a person goes before the claim', async () => {
    authenticate = await serverWith(jwtConfig(), { people: { [`${ISSUER}#ada`]: ['viewer'] } });
    expect((await authenticate(bearer(await signed(claims())))).person.roles).toEqual(['viewer']);
    expect((await authenticate(bearer(await signed(claims({ sub: 'bob' }))))).person.roles).toEqual(['operator', 'approver']);
  });

  it('without a roles claim a person has the roles of the operator’s list, or none', async () => {
    const { rolesClaim: _, ...config } = jwtConfig();
    authenticate = await serverWith(config, { people: { [`${ISSUER}#bob`]: ['admin'] } });
    expect((await authenticate(bearer(await signed(claims())))).person.roles).toEqual([]);
    expect((await authenticate(bearer(await signed(claims({ sub: 'bob' }))))).person.roles).toEqual(['admin']);
  });

  it('is of the tenant in its claim; without one it is of none', async () => {
    authenticate = await serverWith(jwtConfig({ tenantClaim: 'org' }));
    expect((await authenticate(bearer(await signed(claims({ org: 'acme' }))))).tenant).toBe('acme');
    for (const org of [undefined, '', 7, 'a b', ['acme']])
      await expect(authenticate(bearer(await signed(claims({ org }))))).rejects.toMatchObject({ status: 403 });
  });

  it.each(['exp', 'sub', 'iss', 'aud'])('without %s is refused', async (name) => {
    await expect(authenticate(bearer(await signed(without(name))))).rejects.toMatchObject(REFUSED);
  });

  it.each([
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['for another audience', { aud: 'other' }],
    ['not valid yet', { nbf: 32503680000 }],
    ['with an empty subject', { sub: '' }],
  ])('%s is refused', async (_title, more) => {
    await expect(authenticate(bearer(await signed(claims(more))))).rejects.toMatchObject(REFUSED);
  });

  it('is refused after its end', async () => {
    const token = await signed(claims());
    world.clock.ms += 70_000;
    await expect(authenticate(bearer(token))).rejects.toMatchObject({
      ...REFUSED,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  });

  it('signed by another key, tampered with, or no token at all is refused', async () => {
    const good = await signed(claims());
    const [head, , tail] = good.split('.');
    const swapped = `${head}.${Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url')}.${tail}`;
    for (const token of [await signed(claims(), foreign.privateKey), swapped, `${head}..${tail}`, 'x', 'a.b.c', `${good}x`])
      await expect(authenticate(bearer(token))).rejects.toMatchObject(REFUSED);
  });

  it('of an algorithm that is not configured is refused, though the key could do it', async () => {
    for (const alg of ['PS256', 'RS512'])
      await expect(authenticate(bearer(await signed(claims(), rsa.privateKey, alg)))).rejects.toMatchObject(REFUSED);
  });

  it('of algorithm none is refused', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      await expect(authenticate(bearer(forged({ alg }, claims(), () => '')))).rejects.toMatchObject(REFUSED);
      await expect(authenticate(bearer(forged({ alg }, claims(), () => 'AA')))).rejects.toMatchObject(REFUSED);
    }
  });

  it('of an HS algorithm, with the public key as its secret, is refused', async () => {
    const sign = (input: string): string => createHmac('sha256', publicPem).update(input).digest('base64url');
    await expect(authenticate(bearer(forged({ alg: 'HS256' }, claims(), sign)))).rejects.toMatchObject(REFUSED);
  });

  it('that names its own key is refused', async () => {
    const jwk = await exportJWK(foreign.publicKey);
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', jwk }).sign(foreign.privateKey);
    await expect(authenticate(bearer(token))).rejects.toMatchObject(REFUSED);
  });

  it('and nothing else is needed, on loopback too; a key works beside it', async () => {
    await expect(authenticate(requestWith(), peerAt('127.0.0.1'))).rejects.toMatchObject(REFUSED);
    const { key } = await world.issue();
    expect((await authenticate(bearer(key))).person.method).toBe('key');
  });
});

describe('a shared secret', () => {
  const config = () => ({ issuer: ISSUER, audience: 'governor', algorithms: ['HS256'], secret: 'secret://env/JWT_SECRET' });
  const hs = (secret: string) => new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));

  it('verifies', async () => {
    authenticate = await serverWith(config());
    expect((await authenticate(bearer(await hs(SECRET)))).person.id).toBe(`${ISSUER}#ada`);
    await expect(authenticate(bearer(await hs('another secret of thirty-two bytes')))).rejects.toMatchObject(REFUSED);
    await expect(authenticate(bearer(await signed(claims())))).rejects.toMatchObject(REFUSED);
  });

  it('that is short or not set stops the start', async () => {
    for (const secret of [undefined, 'short'])
      await expect(
        world.authenticator({ operator: operatorOf({ server: { auth: { jwt: config() } } }), resolve: () => secret }),
      ).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('the configuration', () => {
  it.each([
    ['no key', { publicKeyFile: undefined }],
    ['two keys', { jwksUrl: 'https://login.example.com/keys' }],
    ['a shared algorithm with a public key', { algorithms: ['RS256', 'HS256'] }],
    ['algorithm none', { algorithms: ['none'] }],
    ['no algorithm', { algorithms: [] }],
    ['keys over plain http', { publicKeyFile: undefined, jwksUrl: 'http://login.example.com/keys' }],
    ['a secret in the file', { publicKeyFile: undefined, algorithms: ['HS256'], secret: 'x'.repeat(40) }],
  ])('refuses %s', (_title, more) => {
    expect(() => operatorOf({ server: { auth: { jwt: jwtConfig(more) } } })).toThrow();
  });

  it('a key file that is not there, or no key, stops the start', async () => {
    await expect(serverWith(jwtConfig({ publicKeyFile: '/nowhere/key.pem' }))).rejects.toMatchObject({ name: 'UsageError' });
    writeFileSync(file(), 'no key');
    await expect(serverWith(jwtConfig())).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('keys that the issuer publishes', () => {
  let issuer: Server;
  let answer: { status: number; body: string };
  const url = (): string => `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`; // it listens on a port
  beforeEach(async () => {
    answer = { status: 200, body: JSON.stringify({ keys: [{ ...(await exportJWK(rsa.publicKey)), alg: 'RS256', kid: 'one' }] }) };
    issuer = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((ready) => issuer.listen(0, '127.0.0.1', ready));
    authenticate = await serverWith(jwtConfig({ publicKeyFile: undefined, jwksUrl: url() }));
  });
  afterEach(() => issuer.close());

  const named = (kid: string) => new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid }).sign(rsa.privateKey);

  it('are fetched and used; an unknown one is refused', async () => {
    expect((await authenticate(bearer(await named('one')))).person.id).toBe(`${ISSUER}#ada`);
    await expect(authenticate(bearer(await named('two')))).rejects.toMatchObject(REFUSED);
  });

  it('that cannot be had are our trouble, 503, not the sender’s', async () => {
    answer = { status: 500, body: '' };
    await expect(authenticate(bearer(await named('one')))).rejects.toMatchObject({ status: 503 });
    issuer.close();
    await expect(authenticate(bearer(await named('one')))).rejects.toMatchObject({ status: 503 });
  });
});

it('beside custom auth only tokens of the issuer are ours', async () => {
  const custom = customAuth(
    new Auth().authenticate(() => 'johndoe').on('threads', ({ user }) => ({ owner: user.identity })),
    './auth.ts:auth',
  );
  authenticate = await world.authenticator({ operator: operatorOf({ server: { auth: { jwt: jwtConfig() } } }), custom });
  const ours = await authenticate(bearer(await signed(claims())));
  expect(ours.person.id).toBe(`${ISSUER}#ada`);
  expect(await ours.authorize('threads', 'read', {})).toEqual({ owner: `${ISSUER}#ada` });
  expect((await authenticate(bearer(await signed(claims({ iss: 'theirs' }))))).person.id).toBe('custom:johndoe');
  await expect(authenticate(bearer(await signed(claims(), foreign.privateKey)))).rejects.toMatchObject(REFUSED);
  expect((await authenticate(requestWith())).person).not.toEqual(ADA);
});
